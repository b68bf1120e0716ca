import type { Doc, Domain } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { domains } from '../../model/identifiers.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import type { WorkMeter } from '../../model/query/work-meter.ts'
import type { DocumentChange, TxCUD } from '../../model/transactions.ts'
import type { Absent, CommitBatch, LogEntry, Prefetched } from '../../storage/contract.ts'
import type { Push } from '../push/push.ts'
import { isStoredDomain } from '../shared/stored-domain.ts'
import type { HeldKey, UniqueConstraint } from '../shared/unique-constraints.ts'
import { isStructural, withChange } from '../../model/workspace-model.ts'
import { Assumptions } from './assumptions.ts'
import { estimatedSize } from '../shared/estimated-size.ts'
import { LogEntries } from './log-entries.ts'
import type { RecentDocuments } from './recent-documents.ts'
import { Savepoints } from './savepoints.ts'
import { mapOf, type Staged, StagedDocuments } from './staged-documents.ts'
import { StagedQueries, type StateSources } from './staged-queries.ts'

/**
 * The documents as they will be after the commit of a group: those that the group stages, over those of the group that
 * is being committed, over those in storage.
 */
export class CommitState {
  readonly #sources: StateSources
  readonly #recent: RecentDocuments
  /** The group that is being committed, until it is durable. */
  #before: CommitState | undefined
  readonly #read = new Map<Domain, Staged>()
  readonly #staged: StagedDocuments
  readonly #queries: StagedQueries
  readonly #assumed = new Assumptions()
  readonly #savepoints = new Savepoints()
  readonly #known = new Map<string, unknown>()
  #firstSeq: number
  #hierarchy: Hierarchy
  readonly #log = new LogEntries()
  /** Of the entries, and of documents as first staged: their later growth is part of the entries. */
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
    this.#staged = new StagedDocuments(options.before === undefined ? undefined : options.before.#staged)
    this.#queries = new StagedQueries(sources, this.#staged)
    this.#hierarchy = sources.model.hierarchy
  }

  /** The group before is durable: storage has its documents. */
  beforeSettled(): void {
    this.#before = undefined
    this.#staged.beforeSettled()
  }

  /** The estimated size of the batch. */
  get bytes(): number {
    return this.#bytes
  }

  /** The transactions of the batch. */
  get entries(): readonly LogEntry[] {
    return this.#log.all
  }

  get changesModel(): boolean {
    return this.#log.hasModelChange
  }

  get nextSeq(): number {
    return this.#firstSeq + this.entries.length
  }

  /** Adds the result of a prefetch. */
  prefetched({ requests, documents }: Prefetched): void {
    for (const { id, result } of requests) this.#known.set(id, result)
    for (const { domain, docs } of documents) {
      for (const doc of docs) mapOf(this.#read, domain).set(doc._id, doc)
    }
  }

  /** Records that these documents do not exist, so that storage is not asked again. */
  missing(domain: Domain, ids: readonly string[]): void {
    const read = mapOf(this.#read, domain)
    for (const id of ids) if (!read.has(id)) read.set(id, undefined)
  }

  /** Assumes that the request is new. The commit fails with `exists` if it is not. */
  assumeNew(request: string): void {
    this.#assumed.requests.add(request)
  }

  /** Whether the request is assumed to be new: storage was not asked. */
  isAssumedNew(request: string): boolean {
    return this.#assumed.requests.has(request)
  }

  /** Assumes that the document does not exist. The commit fails with `exists` if it does. */
  assumeAbsent(domain: Domain, id: string): void {
    if (this.peek(domain, id) !== undefined) return
    this.#assumed.addDocument(domain, id)
    mapOf(this.#read, domain).set(id, undefined)
  }

  /** The first result of a request or transaction that was committed or staged before. */
  knownRequest(id: string): { result: unknown } | undefined {
    if (this.#known.has(id)) return { result: this.#known.get(id) }
    return this.#before?.knownRequest(id)
  }

  remember(id: string, result: unknown): void {
    const { has, previous } = { has: this.#known.has(id), previous: this.#known.get(id) }
    this.#known.set(id, result)
    this.#savepoints.add(() => (has ? this.#known.set(id, previous) : this.#known.delete(id)))
  }

  /** The document, or its absence, if it is known without asking storage. */
  peek(domain: Domain, id: string): { doc: Doc | undefined } | undefined {
    const staged = this.peekStaged(domain, id)
    if (staged !== undefined) return staged
    if (domain === domains.model) return { doc: this.#sources.model.get(id) }
    if (domain === domains.transient) return { doc: this.#sources.transient.get(domain, id) }
    const read = this.#read.get(domain)
    if (read?.has(id) === true) return { doc: read.get(id) }
    return this.#recent.peek(domain, id)
  }

  /** The document, or its removal, if this group or the one before stages it. */
  peekStaged(domain: Domain, id: string): { doc: Doc | undefined } | undefined {
    return this.#staged.peek(domain, id)
  }

  /** Whether this group or the one before changes documents of the domain. */
  hasStaged(domain: Domain): boolean {
    return this.#staged.all(domain).size > 0
  }

  /** Documents of the domain that this group and the one before create or change. */
  staged(domain: Domain): Doc[] {
    return [...this.#staged.all(domain).values()].filter((doc) => doc !== undefined)
  }

  /** What this group and the one before create, change or remove in the domain, by id. */
  stagedChanges(domain: Domain): Staged {
    return this.#staged.all(domain)
  }

  async get(domain: Domain, id: string): Promise<Doc | undefined> {
    const known = this.peek(domain, id)
    if (known !== undefined) return known.doc
    const [doc] = await this.#sources.storage.get(domain, [id])
    const read = mapOf(this.#read, domain)
    // While this waited for storage the group may have been committed: what it wrote is newer.
    if (!read.has(id)) read.set(id, doc)
    return doc
  }

  /** `undefined` removes the document. */
  stage(domain: Domain, id: string, doc: Doc | undefined): void {
    if (isStoredDomain(domain) && !this.#staged.has(domain, id)) this.#bytes += estimatedSize(doc)
    this.#savepoints.add(this.#staged.set(domain, id, doc), `${domain}/${id}`)
  }

  /** The classes as they will be after the commit. */
  get hierarchy(): Hierarchy {
    return this.#hierarchy
  }

  /** @throws StatusError if the change would break the hierarchy */
  stageModel(tx: TxCUD, change: DocumentChange): void {
    if (!isStructural(change)) return
    const previous = this.#hierarchy
    this.#hierarchy = withChange(previous, tx)
    this.#savepoints.add(() => (this.#hierarchy = previous))
  }

  /** Appends the transaction to the log. Returns its `seq`. */
  log(tx: TxCUD, request: string): number {
    const seq = this.nextSeq
    this.#bytes += estimatedSize(tx)
    this.#log.add({ seq, tx, request })
    return seq
  }

  /** Stores the result with the first entry of the request. */
  keepResult(request: string, result: unknown): void {
    const first = this.#log.firstOf(request)
    if (first !== undefined) first.result = result
    this.#bytes += estimatedSize(result)
    this.remember(request, result)
  }

  /** Whether the request appended anything to the log. */
  hasEntriesOf(request: string): boolean {
    return this.entries.some((entry) => entry.request === request)
  }

  /** The entry of a transaction that is not durable yet. */
  entryOf(id: string): LogEntry | undefined {
    return this.#log.find(id) ?? this.#before?.entryOf(id)
  }

  /** Whether another entry that is not durable yet changes a document, or is in a space, of this id. */
  names(id: string, own: TxCUD): boolean {
    return this.#log.names(id, own) || this.#before?.names(id, own) === true
  }

  /** Finds committed and staged documents. The plan has no sort, limit or lookups. */
  find(plan: FindPlan, meter?: WorkMeter): Promise<Doc[]> {
    return this.#queries.find(plan, meter)
  }

  /** A document is staged with a unique key. */
  noteHolder(key: string, id: string): void {
    this.#staged.noteHolder(key, id)
  }

  /** The documents that were staged with the key; some may have lost it. */
  stagedHolders(key: string): readonly string[] {
    return this.#staged.holders(key)
  }

  /** Committed documents that hold the key; of very many at least one that is not staged. */
  findHolders(constraint: UniqueConstraint, key: HeldKey): Promise<readonly Doc[]> {
    return this.#queries.findHolders(constraint, key)
  }

  /** The number of documents that {@link find} returns, without reading them. */
  count(plan: FindPlan): Promise<number> {
    return this.#queries.count(plan)
  }

  /** A function that undoes everything staged after this call. */
  savepoint(): () => void {
    const rollBack = this.#savepoints.mark()
    const [entries, pushes, bytes] = [this.entries.length, this.pushes.length, this.#bytes]
    return () => {
      const isSettled = rollBack()
      this.#log.truncate(isSettled ? 0 : entries)
      this.pushes.length = isSettled ? 0 : pushes
      this.#bytes = isSettled ? 0 : bytes
    }
  }

  batch(): CommitBatch {
    const batch: CommitBatch = { absent: this.#absent(), entries: this.#log.all, puts: [], removes: [] }
    for (const [domain, staged] of this.#staged.own()) {
      if (!isStoredDomain(domain)) continue
      for (const [id, doc] of staged) {
        if (doc === undefined) batch.removes.push({ domain, id })
        else batch.puts.push({ domain, doc })
      }
    }
    return batch
  }

  /** The assumptions that the batch depends on. */
  #absent(): Absent {
    return this.#assumed.usedBy({
      request: (id) => this.#known.has(id),
      document: (domain, id) => this.#staged.has(domain, id),
    })
  }

  /** The batch is durable. */
  settle(): void {
    this.#assumed.settle(this.#absent())
    for (const [domain, staged] of this.#staged.own()) this.#settleDomain(domain, staged)
    this.#firstSeq += this.entries.length
    this.#savepoints.settle()
    this.#staged.clear()
    this.#log.clear()
    this.pushes = []
    this.#bytes = 0
  }

  #settleDomain(domain: Domain, staged: Staged): void {
    if (domain === domains.model) return
    if (domain !== domains.transient) this.#recent.setAll(domain, staged)
    for (const [id, doc] of staged) {
      if (domain !== domains.transient) mapOf(this.#read, domain).set(id, doc)
      else if (doc === undefined) this.#sources.transient.remove(domain, id)
      else this.#sources.transient.put(domain, doc)
    }
  }
}
