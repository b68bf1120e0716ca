import type { Class, Doc, Ref } from '../../model/documents.ts'
import { core, domains } from '../../model/identifiers.ts'
import { isFields } from '../../model/json-value.ts'
import { type TxCUD, type TxWorkspaceEvent, WorkspaceEvent } from '../../model/transactions.ts'
import type { Cancel } from '../runtime/environment.ts'
import { terminated } from '../runtime/errors.ts'
import { outgoingQuery } from './outgoing.ts'
import { callSafely, type Report } from '../runtime/report.ts'
import { Change, changesOf, type LogEntry, logEntriesOf, type Pushed } from './change.ts'
import { changed, KnownDocuments } from './known-documents.ts'
import { LiveQuery } from './live-query.ts'
import type { QueryRequest, QuerySource } from './query-source.ts'
import { type QueryListener, Subscriber } from './subscriber.ts'

/** Documents of this client that are remembered, in case pending changes are joined with them. */
const RECENT = 200

export interface LiveQueriesOptions extends Omit<QuerySource, 'loaded' | 'known' | 'pending'> {
  /** The effects of the changes that are not committed yet, in order. */
  pending: () => readonly TxCUD[]
  report: Report
  /** Results are frozen. */
  freezes: boolean
}

/** All live queries of a client. Equal queries share one `LiveQuery`. A change is applied to the queries it can affect. */
export class LiveQueries {
  readonly #options: LiveQueriesOptions
  readonly #source: QuerySource
  readonly #queries = new Map<string, LiveQuery>()
  #pending: readonly Change[] | undefined
  #known: KnownDocuments | undefined
  readonly #recent = new Map<string, { domain: string; doc: Doc }>()
  #isOver = false

  constructor(options: LiveQueriesOptions) {
    this.#options = options
    this.#source = {
      ...options,
      pending: () => (this.#pending ??= this.#changesOf(this.#options.pending())),
      known: () => (this.#known ??= this.#knownNow()),
      loaded: () => (this.#known = undefined),
    }
  }

  get size(): number {
    return this.#queries.size
  }

  /** Calls back with the result when it is loaded and whenever it changes. Returns a function that unsubscribes. */
  subscribe(given: QueryRequest, listener: QueryListener): Cancel {
    const subscriber = new Subscriber(listener, this.#options)
    if (this.#isOver) {
      subscriber.fail(terminated())
      return () => undefined
    }
    let request: QueryRequest
    try {
      request = outgoingQuery(given)
    } catch (error) {
      subscriber.fail(error)
      return () => undefined
    }
    const key = JSON.stringify([request._class, request.query, request.options])
    const query = this.#queries.get(key) ?? new LiveQuery(request, this.#source)
    this.#queries.set(key, query)
    query.add(subscriber)
    return () => this.#unsubscribe(key, query, subscriber)
  }

  /**
   * Applies pushed transactions.
   *
   * @param confirmed the effects of the pending changes that these transactions commit
   */
  apply(pushes: readonly Pushed[], modelChanged: boolean, confirmed: readonly TxCUD[] = []): void {
    this.#known = undefined
    if (confirmed.length > 0) this.#pending = undefined
    const own = new Set<string>(confirmed.map(({ _id }) => _id))
    const changes = changesOf(pushes, this.#options.model.hierarchy, own)
    for (const change of changes) this.#remember(change)
    const entries = this.#hasQueriesOf(domains.tx) ? logEntriesOf(pushes) : []
    const all = [...changes, ...entries]
    const byDomain = grouped(all)
    for (const query of this.#queries.values()) {
      const relevant = relevantTo(query, all, byDomain)
      if (relevant === undefined) continue
      callSafely(
        (error) => this.#failed(query, error),
        () => query.apply(relevant),
      )
    }
    this.#touchBy(confirmed)
    for (const { tx } of pushes) if (tx._class === core.class.TxWorkspaceEvent) this.#eventPushed(tx)
    // The plan of any query may have changed.
    if (modelChanged) this.reload()
    this.#show()
  }

  /** Pushes may have been missed: all queries are about to be loaded again. */
  forget(): void {
    this.#recent.clear()
    for (const query of this.#all()) query.forget()
  }

  reload(): void {
    this.#pending = undefined
    this.#known = undefined
    for (const query of this.#all()) query.reload()
  }

  /** @param effects of changes that became pending, or are pending no more */
  pendingChanged(effects: readonly TxCUD[]): void {
    this.#pending = undefined
    this.#known = undefined
    this.#touchBy(effects)
    this.#show()
  }

  stop(): void {
    this.#isOver = true
    for (const query of this.#all()) query.stop()
    this.#queries.clear()
  }

  #all(): LiveQuery[] {
    return [...this.#queries.values()]
  }

  #show(): void {
    for (const query of this.#queries.values()) {
      if (!query.isTouched) continue
      callSafely(
        (error) => this.#failed(query, error),
        () => query.show(),
      )
    }
  }

  /** The client could not update the query: it is loaded again. */
  #failed(query: LiveQuery, error: unknown): void {
    this.#options.report(error)
    query.reload()
  }

  #hasQueriesOf(domain: string): boolean {
    for (const query of this.#queries.values()) if (query.domains.has(domain)) return true
    return false
  }

  #changesOf(txes: readonly TxCUD[]): Change[] {
    const pushes = txes.map((tx) => ({ tx, seq: undefined }))
    return changesOf(pushes, this.#options.model.hierarchy, new Set(txes.map(({ _id }) => _id)))
  }

  #touchBy(effects: readonly TxCUD[]): void {
    if (effects.length === 0) return
    const touched = new Set(this.#changesOf(effects).map(({ domain }) => domain))
    for (const query of this.#all())
      for (const domain of query.domains) if (touched.has(domain)) query.touch()
  }

  #knownNow(): KnownDocuments {
    return new KnownDocuments({
      model: this.#options.model,
      windows: this.#all().flatMap(({ window }) => window ?? []),
      recent: this.#recent,
      pending: this.#source.pending(),
    })
  }

  /** Remembers documents that this client creates, and follows their committed changes. */
  #remember(change: Change): void {
    const { domain, isOwn, target } = change
    const known = this.#recent.get(target._id)
    if (domain === undefined || (known === undefined && !(isOwn && target.created))) return
    const doc = known === undefined ? change.created : changed(known.doc, change)
    if (doc === undefined) this.#recent.delete(target._id)
    else this.#recent.set(target._id, { domain, doc })
    const [oldest] = this.#recent.keys()
    if (this.#recent.size > RECENT && oldest !== undefined) this.#recent.delete(oldest)
  }

  #eventPushed({ event, params }: TxWorkspaceEvent): void {
    if (event === WorkspaceEvent.SecurityChange) this.reload()
    if (event !== WorkspaceEvent.BulkUpdate && event !== WorkspaceEvent.IndexingUpdate) return
    const { hierarchy } = this.#options.model
    const classes: Ref<Class>[] = isFields(params) && Array.isArray(params['_class']) ? params['_class'] : []
    const known = classes.filter((_class) => hierarchy.findClass(_class) !== undefined)
    const touched = new Set(known.map((_class) => hierarchy.domainOf(_class)))
    for (const query of this.#all()) {
      // An event of the search index changes the results of searches only.
      const isAffected = event === WorkspaceEvent.BulkUpdate || query.searches
      if (isAffected && [...query.domains].some((domain) => touched.has(domain))) query.reload()
    }
  }

  #unsubscribe(key: string, query: LiveQuery, subscriber: Subscriber): void {
    if (!query.subscribers.delete(subscriber) || query.subscribers.size > 0) return
    query.stop()
    if (this.#queries.get(key) === query) this.#queries.delete(key)
  }
}

type RelevantChanges = readonly (Change | LogEntry)[]

/** Groups changes by domain, except those without one. */
function grouped(changes: RelevantChanges): ReadonlyMap<string, RelevantChanges> {
  const groups = new Map<string, (Change | LogEntry)[]>()
  for (const change of changes) {
    if (change.domain === undefined) continue
    const group = groups.get(change.domain)
    if (group === undefined) groups.set(change.domain, [change])
    else group.push(change)
  }
  return groups
}

/** The changes that can affect the query, in order; `undefined`: none. */
function relevantTo(
  { domains }: LiveQuery,
  all: RelevantChanges,
  byDomain: ReadonlyMap<string, RelevantChanges>,
): RelevantChanges | undefined {
  let relevant: RelevantChanges | undefined
  for (const domain of domains) {
    const group = byDomain.get(domain)
    if (group === undefined) continue
    if (relevant !== undefined) return all.filter(({ domain: of = '' }) => domains.has(of))
    relevant = group
  }
  return relevant
}
