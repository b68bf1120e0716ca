import { domains } from '../../model/identifiers.ts'
import { evaluatePlan } from '../../model/query/evaluate.ts'
import { planFind } from '../../model/query/plan-find.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import type { Cancel } from '../runtime/environment.ts'
import { isTransient } from '../runtime/is-transient.ts'
import { Change, type LogEntry } from './change.ts'
import { domainsOf, type Effect } from './found.ts'
import type { QueryResponse, QueryRequest, QuerySource } from './query-source.ts'
import { isSame, Projector, type Shown } from './shown.ts'
import type { Subscriber } from './subscriber.ts'
import { dependsOnJoins, ResultWindow, windowLimit } from './result-window.ts'
import { pushAll } from '../../model/push-all.ts'

/** Milliseconds until a query that the server could not answer is asked again; doubled up to the longest. */
const FIRST_RETRY = 500
const LONGEST_RETRY = 30_000

/**
 * Milliseconds between two questions because of what came into the log. What is pushed does not tell what a query of the
 * log finds: who is pushed a transaction, and who finds it, are decided by rules of their own.
 */
const LOG_INTERVAL = 1000

/** One query whose result is kept exact: asked once, then changed by transactions. */
export class LiveQuery {
  readonly subscribers = new Set<Subscriber>()
  readonly #request: QueryRequest
  readonly #source: QuerySource
  #plan: FindPlan | undefined
  /** The client has all that it asks for. */
  #isLocal = false
  /** What is joined decides what is found. */
  #isJoined = false
  #domains: ReadonlySet<string> = new Set()
  #projector = new Projector(undefined)
  #window: ResultWindow | undefined
  /** The last of the log that the window has taken in. */
  #seq = -1
  #isAsking = false
  /** What came while an answer was on its way. */
  #meanwhile: (Change | LogEntry)[] = []
  #isStale = false
  #retries = 0
  #cancelRetry: Cancel | undefined
  /** By the monotonic clock. */
  #askedAt = -Infinity
  #shown: Shown | undefined
  /** What is shown may not be what there is. */
  #isDirty = false
  #isOver = false

  constructor(request: QueryRequest, source: QuerySource) {
    this.#request = request
    this.#source = source
  }

  get window(): ResultWindow | undefined {
    return this.#window
  }

  /** Domains of the documents that are in the result or joined to it. */
  get domains(): ReadonlySet<string> {
    return this.#domains
  }

  /** It has a text to search for. */
  get searches(): boolean {
    return this.#plan !== undefined && JSON.stringify(this.#plan.condition).includes('"op":"search"')
  }

  /** Asks the server; an answer that is on its way will be asked for again where it may be too old. */
  ask(): void {
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    this.#isStale = this.#isAsking
    // Without a model no class is known; with it, everything is asked for.
    if (this.#isAsking || this.#isOver || !this.#source.model.isLoaded) return
    const plan = this.#replan()
    if (plan === undefined) return
    if (this.#isLocal) {
      this.touch()
      this.show()
    } else void this.#ask(plan)
  }

  /** Places in the log mean nothing any more: it may be another log. */
  forget(): void {
    this.#meanwhile = []
    this.#seq = -1
  }

  /** Takes in those of the changes that it does not have yet. */
  apply(changes: readonly (Change | LogEntry)[]): void {
    if (this.#isAsking) pushAll(this.#meanwhile, changes)
    if (this.#takeAll(changes) && !this.#isAsking) this.#askAgain()
  }

  /** It is to be looked at: what it shows may have changed. */
  touch(): void {
    this.#isDirty = true
  }

  get isTouched(): boolean {
    return this.#isDirty
  }

  /** Tells who looks, where the result has changed. */
  show(): void {
    if (!this.#isDirty || this.#isOver) return
    this.#isDirty = false
    const shown = this.#compute()
    if (shown === undefined || (this.#shown !== undefined && isSame(this.#shown, shown))) return
    this.#shown = shown
    for (const subscriber of this.subscribers) {
      // One of them may have changed something: the rest were told of that already.
      if (this.#shown !== shown) return
      subscriber.tell(shown.docs, shown.total)
    }
  }

  /** Somebody looks; what is known is told at once. */
  add(subscriber: Subscriber): void {
    const isFirst = this.subscribers.size === 0
    this.subscribers.add(subscriber)
    if (isFirst) this.ask()
    else if (this.#shown !== undefined) subscriber.tell(this.#shown.docs, this.#shown.total)
  }

  stop(): void {
    this.#isOver = true
    this.#cancelRetry?.()
  }

  #replan(): FindPlan | undefined {
    const { _class, query, options } = this.#request
    try {
      const plan = planFind(this.#source.model.hierarchy, _class, query, options)
      this.#plan = plan
      this.#isLocal = isLocal(plan)
      this.#isJoined = dependsOnJoins(plan)
      this.#domains = new Set([plan.domain, ...domainsOf(plan.lookups)])
      this.#projector = new Projector(plan.projection)
      return plan
    } catch (error) {
      this.#tellFailure(error)
      return undefined
    }
  }

  async #ask(plan: FindPlan): Promise<void> {
    const { _class, query, options } = this.#request
    const { projection: _, ...wanted } = options
    const limit = windowLimit(plan.limit)
    this.#isAsking = true
    this.#askedAt = this.#source.clock.monotonic()
    try {
      const asked = limit === undefined ? wanted : { ...wanted, limit }
      const answer = await this.#source.ask(_class, query, asked)
      this.#retries = 0
      this.#isAsking = false
      if (!this.#isOver) this.#answered(plan, answer)
    } catch (error) {
      this.#isAsking = false
      this.#meanwhile = []
      if (!this.#isOver) this.#failed(error)
    }
  }

  #answered(plan: FindPlan, { docs, total, seq }: QueryResponse): void {
    this.#window = new ResultWindow(plan, docs, total)
    this.#window.joinWith(this.#source.known)
    this.#source.answered()
    this.#seq = seq ?? -1
    const isUnknown = this.#takeAll(this.#meanwhile.splice(0)) || this.#isStale
    this.touch()
    this.show()
    if (isUnknown) this.#askAgain()
  }

  /** Of the log not more often than it is worth. */
  #askAgain(): void {
    const { clock } = this.#source
    const wait = this.#domains.has(domains.tx) ? this.#askedAt + LOG_INTERVAL - clock.monotonic() : 0
    if (wait <= 0) this.ask()
    else this.#cancelRetry ??= clock.schedule(wait, () => this.ask())
  }

  #failed(error: unknown): void {
    if (!isTransient(error)) {
      this.#tellFailure(error)
      return
    }
    const wait = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(this.#retries, 16))
    this.#retries += 1
    this.#cancelRetry = this.#source.clock.schedule(wait, () => this.ask())
  }

  #tellFailure(error: unknown): void {
    for (const subscriber of this.subscribers) subscriber.fail(error)
  }

  /** Tells whether something only the server can tell has happened. */
  #takeAll(changes: readonly (Change | LogEntry)[]): boolean {
    const known = this.#seq
    let isUnknown = false
    for (const change of changes) {
      if (change.seq !== undefined && change.seq <= known) continue
      const effect = this.#take(change)
      isUnknown = effect === 'unknown' || isUnknown
      if (effect !== 'none') this.touch()
      this.#seq = change.seq ?? this.#seq
    }
    return isUnknown
  }

  #take(change: Change | LogEntry): Effect {
    if (this.#isLocal) return 'changed'
    const window = this.#window
    if (window === undefined) return 'none'
    const effect = applied(window, change)
    return this.#isJoined ? 'unknown' : effect
  }

  #compute(): Shown | undefined {
    const plan = this.#plan
    if (plan === undefined) return undefined
    const pending = this.#source.pending().filter(({ domain = '' }) => this.#domains.has(domain))
    if (this.#isLocal) {
      const docs = evaluatePlan(plan, pending.length === 0 ? this.#source.model : this.#source.known())
      return { docs, total: docs.total }
    }
    const window = this.#window && withPending(this.#window, plan, pending)
    if (window === undefined) return undefined
    return { docs: window.docs.map((doc) => this.#projector.of(doc)), total: plan.total ? window.total : -1 }
  }
}

/** As it will be, if the server agrees. */
function withPending(window: ResultWindow, plan: FindPlan, pending: readonly Change[]): ResultWindow {
  // What is not committed is not in the log.
  if (pending.length === 0 || plan.domain === domains.tx) return window
  const fork = window.fork()
  for (const change of pending) applied(fork, change)
  fork.rejoin()
  return fork
}

function isLocal({ domain, lookups }: FindPlan): boolean {
  return [domain, ...domainsOf(lookups)].every((each) => each === domains.model)
}

/** A transaction that does not fit what is known: the server knows better. */
function applied(window: ResultWindow, change: Change | LogEntry): Effect {
  try {
    if (change instanceof Change) return window.take(change)
    return window.mayHold(change.doc) ? 'unknown' : 'none'
  } catch {
    return 'unknown'
  }
}
