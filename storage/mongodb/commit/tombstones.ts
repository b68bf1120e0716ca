import type { Domain } from '../../../model/documents.ts'
import type { HistoryCollection } from '../log/workspace-metadata.ts'
import { putMarks } from '../driver/marks.ts'

/** Time within which a command arrives or never does, in milliseconds. */
const latest = 7 * 24 * 3600 * 1000

export interface TombstoneKey {
  domain: Domain
  id: string
}

/**
 * Documents that a late command may still write: those of the group that a former owner was writing when it lost the
 * workspace, and those of a group whose writes were repeated. The stamp protects newer documents against such a
 * command. It cannot protect a removed document, which therefore leaves a tombstone. All other removed documents are
 * deleted.
 */
export class Tombstones {
  readonly #collection: HistoryCollection
  readonly #ids = new Set<string>()

  constructor(collection: HistoryCollection) {
    this.#collection = collection
  }

  get size(): number {
    return this.#ids.size
  }

  has(domain: Domain, id: string): boolean {
    return this.#ids.has(nameOf({ domain, id }))
  }

  /** Resolves with the documents that no command can reach any more. */
  async load(now: number): Promise<TombstoneKey[]> {
    const over: TombstoneKey[] = []
    for await (const stored of this.#collection.find()) {
      const { _id, at }: { _id: string; at?: number } = stored
      const [domain, id]: [Domain, string] = JSON.parse(_id)
      this.#ids.add(_id)
      if (at !== undefined && at < now - latest) over.push({ domain, id })
    }
    return over
  }

  /** Durable when the promise resolves. */
  async add(documents: readonly TombstoneKey[], now: number): Promise<void> {
    if (documents.length === 0) return
    const names = [...new Set(documents.map(nameOf))]
    await putMarks(this.#collection, names, { at: now })
    for (const name of names) this.#ids.add(name)
  }

  /** Forgets documents whose tombstones are deleted. */
  async forget(documents: readonly TombstoneKey[]): Promise<void> {
    const names = documents.map(nameOf)
    await this.#collection.deleteMany({ _id: { $in: names } })
    for (const name of names) this.#ids.delete(name)
  }
}

function nameOf({ domain, id }: TombstoneKey): string {
  return JSON.stringify([domain, id])
}
