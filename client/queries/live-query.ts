import { targetOf } from '../../model/apply-transaction.ts'
import type { Class, Doc, Ref } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { evaluatePlan, findResult } from '../../model/query/evaluate.ts'
import { planFind } from '../../model/query/plan-find.ts'
import type { Condition, FindPlan, LookupPlan } from '../../model/query/plan.ts'
import { compileProjection } from '../../model/query/projection.ts'
import type { DocumentQuery, FindOptions, FindResult, WithLookup } from '../../model/query/query.ts'
import { StatusError } from '../../model/status.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { Cancel, Clock } from '../environment.ts'
import type { ClientModel } from '../model/client-model.ts'
import { type Effect, type Found, Window, windowLimit } from './window.ts'

/** Milliseconds until a query that the server could not answer is asked again; doubled up to the longest. */
const FIRST_RETRY = 500
const LONGEST_RETRY = 30_000

/** What a live query needs of its client. */
export interface QuerySource {
  clock: Clock
  model: ClientModel
  /** Answers with what was found and with the place in the log it is of. */
  ask: (_class: Ref<Class>, query: DocumentQuery, options: FindOptions) => Promise<Answer>
  /** Changes that were made here and are not confirmed yet, in order. */
  pending: () => readonly TxCUD[]
}

export interface Answer {
  docs: Found[]
  total: number
  seq: number | undefined
}

/** A transaction, with its place in the log or that of the commit it is part of; it has none outside of the log. */
export interface Pushed<T> {
  tx: T
  seq: number | undefined
}

export interface QueryListener {
  result: (result: FindResult) => void
  error: (error: unknown) => void
}

export interface QueryRequest {
  _class: Ref<Class>
  query: DocumentQuery
  options: FindOptions
}

/** One query whose result is kept exact: asked once, then changed by transactions. */
export class LiveQuery {
  readonly listeners = new Set<QueryListener>()
  readonly #request: QueryRequest
  readonly #source: QuerySource
  #plan: FindPlan | undefined
  #window: Window | undefined
  /** The last of the log that the window has taken in. */
  #seq = -1
  #isAsking = false
  /** What came while an answer was on its way. */
  #meanwhile: Pushed<TxCUD>[] = []
  #isStale = false
  #retries = 0
  #cancelRetry: Cancel | undefined
  #shown: FindResult | undefined
  #isOver = false

  constructor(request: QueryRequest, source: QuerySource) {
    this.#request = request
    this.#source = source
  }

  get result(): FindResult | undefined {
    return this.#shown
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
    if (plan.domain === 'model') this.show()
    else void this.#ask(plan)
  }

  /** Places in the log mean nothing any more: it may be another log. */
  forget(): void {
    this.#meanwhile = []
    this.#seq = -1
  }

  /** Takes in those of the transactions that it does not have yet. */
  apply(pushes: readonly Pushed<TxCUD>[]): void {
    if (this.#isAsking) this.#meanwhile.push(...pushes)
    if (this.#takeAll(pushes) && !this.#isAsking) this.ask()
  }

  /** Whether documents of one of the domains are in the result or joined to it. */
  concerns(domains: ReadonlySet<string | undefined>): boolean {
    const plan = this.#plan
    return (
      plan !== undefined && [plan.domain, ...domainsOf(plan.lookups)].some((domain) => domains.has(domain))
    )
  }

  /** Tells the listeners, where the result has changed. */
  show(): void {
    const result = this.#compute()
    if (result === undefined || (this.#shown !== undefined && isSame(this.#shown, result))) return
    this.#shown = result
    for (const listener of this.listeners) listener.result(result)
  }

  stop(): void {
    this.#isOver = true
    this.#cancelRetry?.()
  }

  #replan(): FindPlan | undefined {
    const { _class, query, options } = this.#request
    try {
      this.#plan = planFind(this.#hierarchy, _class, query, options)
      return this.#plan
    } catch (error) {
      for (const listener of this.listeners) listener.error(error)
      return undefined
    }
  }

  async #ask(plan: FindPlan): Promise<void> {
    const { _class, query, options } = this.#request
    const { projection: _, ...wanted } = options
    const limit = windowLimit(plan.limit)
    this.#isAsking = true
    try {
      const answer = await this.#source.ask(
        _class,
        query,
        limit === undefined ? wanted : { ...wanted, limit },
      )
      this.#retries = 0
      this.#isAsking = false
      if (!this.#isOver) this.#answered(plan, answer)
    } catch (error) {
      this.#isAsking = false
      this.#meanwhile = []
      if (!this.#isOver) this.#failed(error)
    }
  }

  #answered(plan: FindPlan, { docs, total, seq }: Answer): void {
    this.#window = new Window(plan, docs, total)
    this.#seq = seq ?? -1
    const isUnknown = this.#takeAll(this.#meanwhile.splice(0)) || this.#isStale
    this.show()
    if (isUnknown) this.ask()
  }

  #failed(error: unknown): void {
    const isTemporary = error instanceof StatusError && error.status.code === 'platform:status:Unavailable'
    if (!isTemporary) {
      for (const listener of this.listeners) listener.error(error)
      return
    }
    const wait = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** this.#retries)
    this.#retries += 1
    this.#cancelRetry = this.#source.clock.schedule(wait, () => this.ask())
  }

  /** Tells whether something only the server can tell has happened. */
  #takeAll(pushes: readonly Pushed<TxCUD>[]): boolean {
    const known = this.#seq
    let isUnknown = false
    for (const { tx, seq } of pushes) {
      if (seq !== undefined && seq <= known) continue
      isUnknown = this.#take(tx) === 'unknown' || isUnknown
      this.#seq = seq ?? this.#seq
    }
    return isUnknown
  }

  #take(tx: TxCUD): Effect {
    const window = this.#window
    if (window === undefined || this.#plan === undefined) return 'none'
    const domain = this.#hierarchy.domainOf(targetOf(tx)._class)
    if (!this.concerns(new Set([domain]))) return 'none'
    if (dependsOnJoins(this.#plan)) return 'unknown'
    return applied(window, tx, domain)
  }

  #compute(): FindResult | undefined {
    const plan = this.#plan
    if (plan === undefined) return undefined
    if (plan.domain === 'model') return evaluatePlan(plan, this.#source.model)
    const window = this.#window && this.#withPending(this.#window)
    if (window === undefined) return undefined
    const project = plan.projection === undefined ? undefined : compileProjection(plan.projection)
    const docs = project === undefined ? window.docs : window.docs.map((doc) => projected(doc, project))
    return findResult(docs as WithLookup<Doc>[], plan.total ? window.total : -1)
  }

  /** As it will be, if the server agrees. */
  #withPending(window: Window): Window {
    const pending = this.#source.pending()
    if (pending.length === 0 || (this.#plan !== undefined && dependsOnJoins(this.#plan))) return window
    const fork = window.fork()
    for (const tx of pending) applied(fork, tx, this.#hierarchy.domainOf(targetOf(tx)._class))
    return fork
  }

  get #hierarchy(): Hierarchy {
    return this.#source.model.hierarchy
  }
}

/** A transaction that does not fit what is known: the server knows better. */
function applied(window: Window, tx: TxCUD, domain: string | undefined): Effect {
  try {
    return window.apply(tx, domain)
  } catch {
    return 'unknown'
  }
}

function projected({ $lookup, ...doc }: Found, project: (doc: Doc) => Doc): Found {
  return $lookup === undefined ? project(doc as Doc) : { ...project(doc as Doc), $lookup }
}

function isSame(before: FindResult, after: FindResult): boolean {
  if (before.length !== after.length || before.total !== after.total) return false
  return before.every((doc, at) => doc === after[at] || JSON.stringify(doc) === JSON.stringify(after[at]))
}

/** Whether what is joined decides what is found, or in what order. */
function dependsOnJoins(plan: FindPlan): boolean {
  return plan.sort.some(({ lookup }) => lookup !== undefined) || looksUp(plan.condition)
}

function looksUp(condition: Condition): boolean {
  if ('conditions' in condition) return condition.conditions.some(looksUp)
  return condition.op === 'lookup'
}

function domainsOf(lookups: readonly LookupPlan[]): string[] {
  return lookups.flatMap(({ domain, nested }) => [domain, ...domainsOf(nested)])
}
