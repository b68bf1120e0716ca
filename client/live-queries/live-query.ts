import { domains } from '../../model/identifiers.ts'
import { evaluatePlan } from '../../model/query/evaluate.ts'
import { planFind } from '../../model/query/plan-find.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import { isTransient } from '../runtime/is-transient.ts'
import { Change, type LogEntry } from './change.ts'
import type { Effect } from './found.ts'
import { PlannedQuery } from './planned-query.ts'
import { QueryLoader } from './query-loader.ts'
import type { QueryRequest, QueryResponse, QuerySource } from './query-source.ts'
import { ResultWindow, windowLimit } from './result-window.ts'
import { isSame, type Shown } from './shown.ts'
import type { Subscriber } from './subscriber.ts'

/**
 * Milliseconds between two requests of a query of the log. Pushed transactions do not determine its result: other rules
 * decide to whom a transaction is pushed, and who finds it in the log.
 */
const LOG_INTERVAL = 1000

const none: ReadonlySet<string> = new Set()

/** One query whose result is loaded from the server, and then updated by transactions. */
export class LiveQuery {
  readonly subscribers = new Set<Subscriber>()
  readonly #request: QueryRequest
  readonly #source: QuerySource
  readonly #loader: QueryLoader
  #planned: PlannedQuery | undefined
  #window: ResultWindow | undefined
  /** The last position in the log that the window contains. */
  #seq = -1
  #shown: Shown | undefined
  /** The result may differ from the one that is shown. */
  #isDirty = false
  #isOver = false

  constructor(request: QueryRequest, source: QuerySource) {
    this.#request = request
    this.#source = source
    this.#loader = new QueryLoader(source.clock, () => this.reload())
  }

  get window(): ResultWindow | undefined {
    return this.#window
  }

  /** The domains of the documents in the result, and of those embedded in them. */
  get domains(): ReadonlySet<string> {
    return this.#planned?.domains ?? none
  }

  /** It is a full-text search. */
  get searches(): boolean {
    return this.#planned?.searches === true
  }

  /** Loads the result again. A load that is under way is repeated. */
  reload(): void {
    // Without a model no class is known; when it is loaded, all queries are loaded.
    if (!this.#loader.prepare() || this.#isOver || !this.#source.model.isLoaded) return
    const planned = this.#replan()
    if (planned?.isLocal === true) {
      this.touch()
      this.show()
    } else if (planned !== undefined) this.#load(planned.plan)
  }

  /** Positions in the log are no longer valid: it may be another log. */
  forget(): void {
    this.#loader.forget()
    this.#seq = -1
  }

  /** Applies the changes that the result does not contain yet. */
  apply(changes: readonly (Change | LogEntry)[]): void {
    this.#loader.defer(changes)
    if (this.#applyAll(changes) && !this.#loader.isLoading) this.#repeat()
  }

  /** The result may have changed: the next `show` computes it. */
  touch(): void {
    this.#isDirty = true
  }

  get isTouched(): boolean {
    return this.#isDirty
  }

  /** Delivers the result to the subscribers, if it has changed. */
  show(): void {
    if (!this.#isDirty || this.#isOver) return
    this.#isDirty = false
    const shown = this.#compute()
    if (shown === undefined || (this.#shown !== undefined && isSame(this.#shown, shown))) return
    this.#shown = shown
    for (const subscriber of this.subscribers) {
      // A subscriber made a change, and all of them have got a newer result.
      if (this.#shown !== shown) return
      subscriber.deliver(shown.docs, shown.total)
    }
  }

  /** Delivers the result at once if there is one. */
  add(subscriber: Subscriber): void {
    const isFirst = this.subscribers.size === 0
    this.subscribers.add(subscriber)
    if (isFirst) this.reload()
    else if (this.#shown !== undefined) subscriber.deliver(this.#shown.docs, this.#shown.total)
  }

  stop(): void {
    this.#isOver = true
    this.#loader.stop()
  }

  #replan(): PlannedQuery | undefined {
    const { _class, query, options } = this.#request
    try {
      this.#planned = new PlannedQuery(planFind(this.#source.model.hierarchy, _class, query, options))
      return this.#planned
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  #load(plan: FindPlan): void {
    const { _class, query, options } = this.#request
    // The projection is applied here: transactions need whole documents.
    const { projection: _, ...whole } = options
    const limit = windowLimit(plan.limit)
    const wanted = limit === undefined ? whole : { ...whole, limit }
    void this.#loader.load(
      () => this.#source.ask(_class, query, wanted),
      (response, missed, isStale) => {
        if (!this.#isOver) this.#loaded(plan, response, missed, isStale)
      },
      (error) => {
        if (this.#isOver) return
        if (isTransient(error)) this.#loader.retry()
        else this.#fail(error)
      },
    )
  }

  #loaded(
    plan: FindPlan,
    { docs, total, seq }: QueryResponse,
    missed: readonly (Change | LogEntry)[],
    isStale: boolean,
  ): void {
    this.#window = new ResultWindow(plan, docs, total)
    this.#window.joinWith(this.#source.known)
    this.#source.loaded()
    this.#seq = seq ?? -1
    const isUnknown = this.#applyAll(missed) || isStale
    this.touch()
    this.show()
    if (isUnknown) this.#repeat()
  }

  #repeat(): void {
    this.#loader.repeat(this.domains.has(domains.tx) ? LOG_INTERVAL : 0)
  }

  #fail(error: unknown): void {
    for (const subscriber of this.subscribers) subscriber.fail(error)
  }

  /** @returns whether the result has to be loaded again */
  #applyAll(changes: readonly (Change | LogEntry)[]): boolean {
    const known = this.#seq
    let isUnknown = false
    for (const change of changes) {
      if (change.seq !== undefined && change.seq <= known) continue
      const effect = this.#applyOne(change)
      isUnknown = effect === 'unknown' || isUnknown
      if (effect !== 'none') this.touch()
      this.#seq = change.seq ?? this.#seq
    }
    return isUnknown
  }

  #applyOne(change: Change | LogEntry): Effect {
    if (this.#planned?.isLocal === true) return 'changed'
    const window = this.#window
    if (window === undefined) return 'none'
    const effect = applied(window, change)
    return this.#planned?.dependsOnJoins === true ? 'unknown' : effect
  }

  #compute(): Shown | undefined {
    if (this.#planned === undefined) return undefined
    const { plan, domains: own, isLocal, projector } = this.#planned
    const pending = this.#source.pending().filter(({ domain = '' }) => own.has(domain))
    if (isLocal) {
      const docs = evaluatePlan(plan, pending.length === 0 ? this.#source.model : this.#source.known())
      return { docs, total: docs.total }
    }
    const window = this.#window && withPending(this.#window, plan, pending)
    if (window === undefined) return undefined
    return { docs: window.docs.map((doc) => projector.of(doc)), total: plan.total ? window.total : -1 }
  }
}

/** The window after the pending changes. */
function withPending(window: ResultWindow, plan: FindPlan, pending: readonly Change[]): ResultWindow {
  // Pending changes are not in the log.
  if (pending.length === 0 || plan.domain === domains.tx) return window
  const fork = window.fork()
  for (const change of pending) applied(fork, change)
  fork.rejoin()
  return fork
}

/** A transaction that cannot be applied means that the window differs from the server's documents. */
function applied(window: ResultWindow, change: Change | LogEntry): Effect {
  try {
    if (change instanceof Change) return window.applyChange(change)
    return window.mayContain(change.doc) ? 'unknown' : 'none'
  } catch {
    return 'unknown'
  }
}
