import type { Class, Doc, Ref } from '../../model/documents.ts'
import { core, domains } from '../../model/identifiers.ts'
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

/** Documents made here that are remembered, in case others are joined with them. */
const RECENT = 200

export interface LiveQueriesOptions extends Omit<QuerySource, 'answered' | 'known' | 'pending'> {
  /** What changes made here, and not confirmed yet, do to documents; in order. */
  pending: () => readonly TxCUD[]
  report: Report
  /** What is told is frozen. */
  freezes: boolean
}

/** All live queries of a client; identical ones are one. A change is looked at by those it can concern. */
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
      answered: () => (this.#known = undefined),
    }
  }

  get size(): number {
    return this.#queries.size
  }

  /** Calls back with the result, as soon as it is known and whenever it changes. Call the answer to stop. */
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
   * Takes in what was pushed.
   *
   * @param confirmed what was made here and is part of it: what that did to documents
   */
  apply(pushes: readonly Pushed[], modelChanged: boolean, confirmed: readonly TxCUD[] = []): void {
    this.#known = undefined
    if (confirmed.length > 0) this.#pending = undefined
    const own = new Set<string>(confirmed.map(({ _id }) => _id))
    const changes = changesOf(pushes, this.#options.model.hierarchy, own)
    for (const change of changes) this.#remember(change)
    const entries = this.#concerns(domains.tx) ? logEntriesOf(pushes) : []
    const all = [...changes, ...entries]
    const byDomain = grouped(all)
    for (const query of this.#queries.values()) {
      const concerning = relevantTo(query, all, byDomain)
      if (concerning === undefined) continue
      callSafely(
        (error) => this.#lost(query, error),
        () => query.apply(concerning),
      )
    }
    this.#touchBy(confirmed)
    for (const { tx } of pushes)
      if (tx._class === core.class.TxWorkspaceEvent) this.#announced(tx as TxWorkspaceEvent)
    // Classes have changed: every plan may have.
    if (modelChanged) this.ask()
    this.#show()
  }

  /** What was pushed has a gap: all queries are about to be asked again. */
  forget(): void {
    this.#recent.clear()
    for (const query of this.#all()) query.forget()
  }

  ask(): void {
    this.#pending = undefined
    this.#known = undefined
    for (const query of this.#all()) query.ask()
  }

  /** Changes made here are there, or are not any more: what they do to documents. */
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
        (error) => this.#lost(query, error),
        () => query.show(),
      )
    }
  }

  /** Something of it cannot be worked out here: the server can. */
  #lost(query: LiveQuery, error: unknown): void {
    this.#options.report(error)
    query.ask()
  }

  #concerns(domain: string): boolean {
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

  /** Of what is made here the document, as it was committed. */
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

  #announced({ event, params }: TxWorkspaceEvent): void {
    if (event === WorkspaceEvent.SecurityChange) this.ask()
    if (event !== WorkspaceEvent.BulkUpdate && event !== WorkspaceEvent.IndexingUpdate) return
    const { hierarchy } = this.#options.model
    const { _class: classes = [] } = (params ?? {}) as { _class?: Ref<Class>[] }
    const known = classes.filter((_class) => hierarchy.findClass(_class) !== undefined)
    const touched = new Set(known.map((_class) => hierarchy.domainOf(_class)))
    for (const query of this.#all()) {
      const isMeant = event === WorkspaceEvent.BulkUpdate || query.searches
      if (isMeant && [...query.domains].some((domain) => touched.has(domain))) query.ask()
    }
  }

  #unsubscribe(key: string, query: LiveQuery, subscriber: Subscriber): void {
    if (!query.subscribers.delete(subscriber) || query.subscribers.size > 0) return
    query.stop()
    if (this.#queries.get(key) === query) this.#queries.delete(key)
  }
}

type RelevantChanges = readonly (Change | LogEntry)[]

/** By the domain of the documents that they change. */
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

/** Those that can concern the query, in order; `undefined`: none. */
function relevantTo(
  { domains }: LiveQuery,
  all: RelevantChanges,
  byDomain: ReadonlyMap<string, RelevantChanges>,
): RelevantChanges | undefined {
  let concerning: RelevantChanges | undefined
  for (const domain of domains) {
    const group = byDomain.get(domain)
    if (group === undefined) continue
    if (concerning !== undefined) return all.filter(({ domain: of = '' }) => domains.has(of))
    concerning = group
  }
  return concerning
}
