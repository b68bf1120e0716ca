import type { Doc, Domain } from '../../model/documents.ts'
import type { DocumentStore } from '../../model/document-store.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { domains } from '../../model/identifiers.ts'
import { compileCondition } from '../../model/query/predicate.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import type { Tx } from '../../model/transactions.ts'
import type { CommitBatch, LogEntry, Prefetched, WorkspaceStorage } from '../storage/contract.ts'
import type { Push } from '../workspace.ts'
import { isStructural, type WorkspaceModel, withChange } from '../workspace-model.ts'

type Staged = Map<string, Doc | undefined>

export interface StateSources {
  storage: WorkspaceStorage
  model: WorkspaceModel
  transient: DocumentStore
}

/** The documents as they will be once what is staged is committed. */
export class CommitState {
  readonly #sources: StateSources
  readonly #read = new Map<Domain, Staged>()
  readonly #staged = new Map<Domain, Staged>()
  readonly #undo: (() => void)[] = []
  readonly #known = new Map<string, unknown>()
  #firstSeq: number
  #flushes = 0
  #hierarchy: Hierarchy
  entries: LogEntry[] = []
  pushes: Push[] = []

  constructor(sources: StateSources, lastSeq: number, prefetched: Prefetched) {
    this.#sources = sources
    this.#firstSeq = lastSeq + 1
    this.#hierarchy = sources.model.hierarchy
    for (const { id, result } of prefetched.requests) this.#known.set(id, result)
    for (const { domain, docs } of prefetched.documents) {
      for (const doc of docs) mapOf(this.#read, domain).set(doc._id, doc)
    }
  }

  /** Marks documents asked for and not found, so that nobody asks again. */
  missing(domain: Domain, ids: readonly string[]): void {
    const read = mapOf(this.#read, domain)
    for (const id of ids) if (!read.has(id)) read.set(id, undefined)
  }

  /** The first result of a request or transaction committed before, or in this group. */
  knownRequest(id: string): { result: unknown } | undefined {
    return this.#known.has(id) ? { result: this.#known.get(id) } : undefined
  }

  remember(id: string, result: unknown): void {
    const { has, previous } = { has: this.#known.has(id), previous: this.#known.get(id) }
    this.#known.set(id, result)
    this.#undo.push(() => (has ? this.#known.set(id, previous) : this.#known.delete(id)))
  }

  async get(domain: Domain, id: string): Promise<Doc | undefined> {
    const staged = this.#staged.get(domain)
    if (staged?.has(id) === true) return staged.get(id)
    if (domain === domains.model) return this.#sources.model.get(id)
    if (domain === domains.transient) return this.#sources.transient.get(domain, id)
    const read = mapOf(this.#read, domain)
    if (read.has(id)) return read.get(id)
    const [doc] = await this.#sources.storage.get(domain, [id])
    read.set(id, doc)
    return doc
  }

  /** `undefined` removes the document. */
  stage(domain: Domain, id: string, doc: Doc | undefined): void {
    const staged = mapOf(this.#staged, domain)
    const { had, previous } = { had: staged.has(id), previous: staged.get(id) }
    staged.set(id, doc)
    this.#undo.push(() => (had ? staged.set(id, previous) : staged.delete(id)))
  }

  /** Classes as they will be. */
  get hierarchy(): Hierarchy {
    return this.#hierarchy
  }

  /** @throws StatusError when the hierarchy would not stand it */
  stageModel(tx: Tx): void {
    if (!isStructural(tx)) return
    const previous = this.#hierarchy
    this.#hierarchy = withChange(previous, tx)
    this.#undo.push(() => (this.#hierarchy = previous))
  }

  /** Gives the transaction its place in the log. */
  log(tx: Tx, request: string): number {
    const seq = this.#firstSeq + this.entries.length
    this.entries.push({ seq, tx, request })
    return seq
  }

  /** All matches, over what is committed and what is staged. The plan has no sort, limit or lookups. */
  async find(plan: FindPlan): Promise<Doc[]> {
    const staged = this.#staged.get(plan.domain) ?? new Map<string, Doc | undefined>()
    const matches = compileCondition(plan.condition)
    const committed = await this.#committed(plan, matches)
    const kept = committed.filter((doc) => !staged.has(doc._id))
    for (const doc of staged.values()) if (doc !== undefined && matches(doc)) kept.push(doc)
    return kept
  }

  async #committed(plan: FindPlan, matches: (doc: Doc) => boolean): Promise<Doc[]> {
    if (plan.domain === domains.model) return [...this.#sources.model.documents()].filter(matches)
    if (plan.domain === domains.transient) return this.#sources.transient.find(plan)
    return await this.#sources.storage.find(plan)
  }

  savepoint(): () => void {
    const { undo, entries, pushes } = this.#lengths()
    const flushes = this.#flushes
    return () => {
      // What stood before the savepoint may be durable by now: then all that is staged came after it.
      const none = flushes !== this.#flushes
      for (const back of this.#undo.splice(none ? 0 : undo).reverse()) back()
      this.entries.length = none ? 0 : entries
      this.pushes.length = none ? 0 : pushes
    }
  }

  #lengths() {
    return { undo: this.#undo.length, entries: this.entries.length, pushes: this.pushes.length }
  }

  /** What storage has to keep. */
  batch(): CommitBatch {
    const batch: CommitBatch = { entries: this.entries, puts: [], removes: [] }
    for (const [domain, staged] of this.#staged) {
      if (domain === domains.model || domain === domains.transient) continue
      for (const [id, doc] of staged) {
        if (doc === undefined) batch.removes.push({ domain, id })
        else batch.puts.push({ domain, doc })
      }
    }
    return batch
  }

  /** After the batch is durable: what was staged is what is there. */
  settle(): void {
    for (const [domain, staged] of this.#staged) this.#settleDomain(domain, staged)
    this.#firstSeq += this.entries.length
    this.#flushes += 1
    this.#undo.length = 0
    this.#staged.clear()
    this.entries = []
    this.pushes = []
  }

  #settleDomain(domain: Domain, staged: Staged): void {
    if (domain === domains.model) return
    for (const [id, doc] of staged) {
      if (domain !== domains.transient) mapOf(this.#read, domain).set(id, doc)
      else if (doc === undefined) this.#sources.transient.remove(domain, id)
      else this.#sources.transient.put(domain, doc)
    }
  }
}

function mapOf(map: Map<Domain, Staged>, domain: Domain): Staged {
  let inner = map.get(domain)
  if (inner === undefined) map.set(domain, (inner = new Map()))
  return inner
}
