import type { Doc, Domain } from '../../model/documents.ts'

/** Documents by id; `undefined` for a removed one. */
export type Staged = Map<string, Doc | undefined>

export function mapOf(map: Map<Domain, Staged>, domain: Domain): Staged {
  let inner = map.get(domain)
  if (inner === undefined) map.set(domain, (inner = new Map()))
  return inner
}

/** The result of a query once the staged documents are committed. */
export function overlaid(found: readonly Doc[], staged: Staged, matches: (doc: Doc) => boolean): Doc[] {
  const kept = found.filter((doc) => !staged.has(doc._id))
  for (const doc of staged.values()) if (doc !== undefined && matches(doc)) kept.push(doc)
  return kept
}

/** The documents that a group creates, changes or removes, over those of the group that is being committed. */
export class StagedDocuments {
  readonly #own = new Map<Domain, Staged>()
  #before: StagedDocuments | undefined
  /** By unique key: the documents that were staged with it. Some of them may have lost it since. */
  readonly #holders = new Map<string, Set<string>>()

  constructor(before: StagedDocuments | undefined) {
    this.#before = before
  }

  /** The group before is durable. */
  beforeSettled(): void {
    this.#before = undefined
  }

  peek(domain: Domain, id: string): { doc: Doc | undefined } | undefined {
    const staged = this.#own.get(domain)
    if (staged?.has(id) === true) return { doc: staged.get(id) }
    return this.#before === undefined ? undefined : this.#before.peek(domain, id)
  }

  has(domain: Domain, id: string): boolean {
    return this.#own.get(domain)?.has(id) === true
  }

  /** Stages a document, or its removal. Returns how to undo this. */
  set(domain: Domain, id: string, doc: Doc | undefined): () => void {
    const staged = mapOf(this.#own, domain)
    const { had, previous } = { had: staged.has(id), previous: staged.get(id) }
    staged.set(id, doc)
    return () => (had ? staged.set(id, previous) : staged.delete(id))
  }

  noteHolder(key: string, id: string): void {
    const ids = this.#holders.get(key)
    if (ids === undefined) this.#holders.set(key, new Set([id]))
    else ids.add(id)
  }

  /** Ids of documents that this group or the one before staged with the key. */
  holders(key: string): string[] {
    const before = this.#before === undefined ? [] : this.#before.holders(key)
    return [...before, ...(this.#holders.get(key) ?? [])]
  }

  /** The number of staged documents of a domain, where those of both groups count twice. */
  atMost(domain: Domain): number {
    const before = this.#before === undefined ? 0 : this.#before.atMost(domain)
    return before + (this.#own.get(domain)?.size ?? 0)
  }

  /** All staged documents of a domain, including those of the group before. */
  all(domain: Domain): Staged {
    const own = this.#own.get(domain) ?? new Map<string, Doc | undefined>()
    const before = this.ofBefore(domain)
    return before === undefined ? own : new Map([...before, ...own])
  }

  /** Those of the group before alone. */
  ofBefore(domain: Domain): Staged | undefined {
    return this.#before === undefined ? undefined : this.#before.all(domain)
  }

  /** Those of this group alone, by domain. */
  own(): Iterable<[Domain, Staged]> {
    return this.#own
  }

  clear(): void {
    this.#own.clear()
    this.#holders.clear()
  }
}
