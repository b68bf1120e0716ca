import type { Doc, Domain } from '../../model/documents.ts'
import type { DocumentStore } from '../../model/document-store.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { domains } from '../../model/identifiers.ts'
import { compileCondition } from '../../model/query/predicate.ts'
import type { Condition, FindPlan } from '../../model/query/plan.ts'
import type { DocumentChange, TxCUD } from '../../model/transactions.ts'
import type { Absent, CommitBatch, LogEntry, Prefetched, WorkspaceStorage } from '../../storage/contract.ts'
import type { Push } from '../push/push.ts'
import { isStoredDomain } from '../shared/stored-domain.ts'
import { isStructural, type WorkspaceModel, withChange } from '../../model/workspace-model.ts'
import { Assumed } from './assumed.ts'
import { estimatedSize } from './estimated-size.ts'
import { isAbout } from './is-about.ts'
import type { RecentDocuments } from './recent-documents.ts'
import { mapOf, overlaid, type Staged } from './staged-documents.ts'

export interface StateSources {
  storage: WorkspaceStorage
  model: WorkspaceModel
  transient: DocumentStore
}

/**
 * The documents as they will be once what is staged is committed: what this group staged, over what the group
 * before it staged while that is being committed, over what storage has.
 */
export class CommitState {
  readonly #sources: StateSources
  readonly #recent: RecentDocuments
  /** The group before, until its commit is durable. */
  #before: CommitState | undefined
  readonly #read = new Map<Domain, Staged>()
  readonly #staged = new Map<Domain, Staged>()
  readonly #assumed = new Assumed()
  readonly #undo: (() => void)[] = []
  readonly #known = new Map<string, unknown>()
  #firstSeq: number
  #flushes = 0
  #hierarchy: Hierarchy
  entries: LogEntry[] = []
  /** Of the entries, and of documents as they were staged first: what they grow to since is in the entries. */
  #bytes = 0
  pushes: Push[] = []

  constructor(
    sources: StateSources,
    options: { recent: RecentDocuments; firstSeq: number; before: CommitState | undefined },
  ) {
    this.#sources = sources
    this.#recent = options.recent
    this.#firstSeq = options.firstSeq
    this.#before = options.before
    this.#hierarchy = sources.model.hierarchy
  }

  /** The group before is durable: storage has what it staged. */
  beforeSettled(): void {
    this.#before = undefined
  }

  /** What storage has to keep, in bytes, as it is estimated. */
  get bytes(): number {
    return this.#bytes
  }

  get nextSeq(): number {
    return this.#firstSeq + this.entries.length
  }

  /** Takes in what was read ahead. */
  prefetched({ requests, documents }: Prefetched): void {
    for (const { id, result } of requests) this.#known.set(id, result)
    for (const { domain, docs } of documents) {
      for (const doc of docs) mapOf(this.#read, domain).set(doc._id, doc)
    }
  }

  /** Marks documents asked for and not found, so that nobody asks again. */
  missing(domain: Domain, ids: readonly string[]): void {
    const read = mapOf(this.#read, domain)
    for (const id of ids) if (!read.has(id)) read.set(id, undefined)
  }

  /** The commit fails with `exists` should the request be known after all. */
  assumeNew(request: string): void {
    this.#assumed.requests.add(request)
  }

  /** Whether nobody has asked storage yet. */
  isAssumedNew(request: string): boolean {
    return this.#assumed.requests.has(request)
  }

  /** The commit fails with `exists` should the document be there after all. */
  assumeAbsent(domain: Domain, id: string): void {
    if (this.peek(domain, id) !== undefined) return
    this.#assumed.addDocument(domain, id)
    mapOf(this.#read, domain).set(id, undefined)
  }

  /** The first result of a request or transaction committed before, or in this group. */
  knownRequest(id: string): { result: unknown } | undefined {
    if (this.#known.has(id)) return { result: this.#known.get(id) }
    return this.#before?.knownRequest(id)
  }

  remember(id: string, result: unknown): void {
    const { has, previous } = { has: this.#known.has(id), previous: this.#known.get(id) }
    this.#known.set(id, result)
    this.#undo.push(() => (has ? this.#known.set(id, previous) : this.#known.delete(id)))
  }

  /** What is known of a document without asking storage. */
  peek(domain: Domain, id: string): { doc: Doc | undefined } | undefined {
    const staged = this.peekStaged(domain, id)
    if (staged !== undefined) return staged
    if (domain === domains.model) return { doc: this.#sources.model.get(id) }
    if (domain === domains.transient) return { doc: this.#sources.transient.get(domain, id) }
    const read = this.#read.get(domain)
    if (read?.has(id) === true) return { doc: read.get(id) }
    return this.#recent.peek(domain, id)
  }

  /** What this group, or the one before it, makes of a document. */
  peekStaged(domain: Domain, id: string): { doc: Doc | undefined } | undefined {
    const staged = this.#staged.get(domain)
    if (staged?.has(id) === true) return { doc: staged.get(id) }
    return this.#before === undefined ? undefined : this.#before.peekStaged(domain, id)
  }

  /** Whether this group, or the one before it, changes documents of the domain. */
  hasStaged(domain: Domain): boolean {
    return this.#allStaged(domain).size > 0
  }

  /** What this group, and the one before it, make of documents of the domain. Removed ones are left out. */
  staged(domain: Domain): Doc[] {
    return [...this.#allStaged(domain).values()].filter((doc) => doc !== undefined)
  }

  async get(domain: Domain, id: string): Promise<Doc | undefined> {
    const known = this.peek(domain, id)
    if (known !== undefined) return known.doc
    const [doc] = await this.#sources.storage.get(domain, [id])
    mapOf(this.#read, domain).set(id, doc)
    return doc
  }

  /** `undefined` removes the document. */
  stage(domain: Domain, id: string, doc: Doc | undefined): void {
    const staged = mapOf(this.#staged, domain)
    const { had, previous } = { had: staged.has(id), previous: staged.get(id) }
    staged.set(id, doc)
    if (!had && isStoredDomain(domain)) this.#bytes += estimatedSize(doc)
    this.#undo.push(() => (had ? staged.set(id, previous) : staged.delete(id)))
  }

  /** Classes as they will be. */
  get hierarchy(): Hierarchy {
    return this.#hierarchy
  }

  /** @throws StatusError when the hierarchy would not stand it */
  stageModel(tx: TxCUD, change: DocumentChange): void {
    if (!isStructural(change)) return
    const previous = this.#hierarchy
    this.#hierarchy = withChange(previous, tx)
    this.#undo.push(() => (this.#hierarchy = previous))
  }

  /** Gives the transaction its place in the log. */
  log(tx: TxCUD, request: string): number {
    const seq = this.nextSeq
    this.#bytes += estimatedSize(tx)
    this.entries.push({ seq, tx, request })
    return seq
  }

  /** With the first entry of the request. */
  keepResult(request: string, result: unknown): void {
    const first = this.entries.find((entry) => entry.request === request)
    if (first !== undefined) first.result = result
    this.#bytes += estimatedSize(result)
    this.remember(request, result)
  }

  /** Whether the request put anything into the log. */
  hasEntriesOf(request: string): boolean {
    return this.entries.some((entry) => entry.request === request)
  }

  /** The entry of a transaction that is not durable yet. */
  entryOf(id: string): LogEntry | undefined {
    return this.entries.find(({ tx }) => tx._id === id) ?? this.#before?.entryOf(id)
  }

  /** Whether an entry that is not durable yet, other than this one, is about a document or a space of the id. */
  names(id: string, own: TxCUD): boolean {
    const isNamed = this.entries.some(({ tx }) => tx._id !== own._id && isAbout(tx, id))
    return isNamed || this.#before?.names(id, own) === true
  }

  /** All matches, over what is committed and what is staged. The plan has no sort, limit or lookups. */
  async find(plan: FindPlan): Promise<Doc[]> {
    const matches = compileCondition(plan.condition)
    const committed = await this.#committed(plan, matches)
    return overlaid(committed, this.#allStaged(plan.domain), matches)
  }

  /** How many {@link find} would find, without reading them. */
  async count(plan: FindPlan): Promise<number> {
    const matches = compileCondition(plan.condition)
    const staged = this.#allStaged(plan.domain)
    let count = 0
    for (const doc of staged.values()) if (doc !== undefined && matches(doc)) count += 1
    const others: Condition = { op: 'nin', path: ['_id'], values: [...staged.keys()] }
    const condition: Condition = { op: 'all-of', conditions: [plan.condition, others] }
    const { total } = await this.#sources.storage.find({ ...plan, condition, limit: 1, total: true })
    return count + total
  }

  async #committed(plan: FindPlan, matches: (doc: Doc) => boolean): Promise<Doc[]> {
    if (plan.domain === domains.model) return [...this.#sources.model.documents()].filter(matches)
    if (plan.domain === domains.transient) return this.#sources.transient.find(plan)
    // Until it is settled, the group before may or may not be in what storage finds.
    const before = this.#before === undefined ? undefined : this.#before.#allStaged(plan.domain)
    const found = await this.#sources.storage.find(plan)
    return before === undefined || before.size === 0 ? found : overlaid(found, before, matches)
  }

  #allStaged(domain: Domain): Staged {
    const own = this.#staged.get(domain) ?? new Map<string, Doc | undefined>()
    const before = this.#before === undefined ? undefined : this.#before.#allStaged(domain)
    return before === undefined ? own : new Map([...before, ...own])
  }

  /** Undoes, when called, what is staged from now on. */
  savepoint(): () => void {
    const { undo, entries, pushes, bytes } = this.#lengths()
    const flushes = this.#flushes
    return () => {
      // What stood before the savepoint may be durable by now: then all that is staged came after it.
      const none = flushes !== this.#flushes
      for (const back of this.#undo.splice(none ? 0 : undo).reverse()) back()
      this.entries.length = none ? 0 : entries
      this.pushes.length = none ? 0 : pushes
      this.#bytes = none ? 0 : bytes
    }
  }

  #lengths() {
    const [undo, entries, pushes] = [this.#undo.length, this.entries.length, this.pushes.length]
    return { undo, entries, pushes, bytes: this.#bytes }
  }

  /** What storage has to keep. */
  batch(): CommitBatch {
    const batch: CommitBatch = { absent: this.#absent(), entries: this.entries, puts: [], removes: [] }
    for (const [domain, staged] of this.#staged) {
      if (!isStoredDomain(domain)) continue
      for (const [id, doc] of staged) {
        if (doc === undefined) batch.removes.push({ domain, id })
        else batch.puts.push({ domain, doc })
      }
    }
    return batch
  }

  /** Of what is taken to be new, what the batch makes. */
  #absent(): Absent {
    return this.#assumed.among({
      request: (id) => this.#known.has(id),
      document: (domain, id) => this.#staged.get(domain)?.has(id) === true,
    })
  }

  /** After the batch is durable: what was staged is what is there. */
  settle(): void {
    this.#assumed.settle(this.#absent())
    for (const [domain, staged] of this.#staged) this.#settleDomain(domain, staged)
    this.#firstSeq += this.entries.length
    this.#flushes += 1
    this.#undo.length = 0
    this.#staged.clear()
    this.entries = []
    this.pushes = []
    this.#bytes = 0
  }

  #settleDomain(domain: Domain, staged: Staged): void {
    if (domain === domains.model) return
    for (const [id, doc] of staged) {
      if (domain !== domains.transient) {
        mapOf(this.#read, domain).set(id, doc)
        this.#recent.set(domain, id, doc)
      } else if (doc === undefined) this.#sources.transient.remove(domain, id)
      else this.#sources.transient.put(domain, doc)
    }
  }
}
