import type { DocumentChange, Tx, TxCUD } from '../../model/transactions.ts'
import type { Caller } from '../middleware.ts'
import { type Prefetched, StorageError } from '../storage/contract.ts'
import type { Push, Workspace } from '../workspace.ts'
import { CommitState } from './commit-state.ts'
import { prefetchOf } from './prefetch.ts'

/** One request on its way through the commit steps. */
export interface Work {
  readonly caller: Caller
  /** `_id` of the transaction the client sent: every log entry made for it carries this. */
  readonly request: string
  readonly state: CommitState
  /** Commits what earlier requests of the group staged; only before this one stages anything. */
  readonly flush: () => Promise<void>
}

/** What a step did with a transaction: the answer, and the change of a document if there was one. */
export interface StepOutcome {
  result: unknown
  change?: DocumentChange & { tx: TxCUD }
}

export type StepHandler = (work: Work, tx: Tx) => Promise<StepOutcome>

/** Wraps the next step. The first gets every transaction, derived ones re-enter at the step that makes them. */
export type CommitStep = (next: StepHandler, workspace: Workspace) => StepHandler

export type Commit = (caller: Caller, tx: Tx) => Promise<unknown>

export interface CommitLimits {
  /** Requests that may wait; one more is refused. */
  maxWaiting: number
  /** Requests committed in one storage transaction at most. */
  maxGroup: number
}

export const DEFAULT_COMMIT_LIMITS: CommitLimits = { maxWaiting: 10_000, maxGroup: 256 }

export interface CommitObserver {
  /** Called once the answers are on their way, in the order of the log. */
  committed: (pushes: Push[]) => void
  /** A model transaction became durable. */
  modelChanged: (tx: Tx) => Promise<void>
  /** Storage refused a group. */
  failed: (error: unknown) => void
}

interface Waiting {
  caller: Caller
  tx: Tx
  resolve: (result: unknown) => void
  reject: (error: unknown) => void
}

/**
 * The one writer of a workspace. Requests that wait while a commit is under way form the next group: each
 * goes through the steps in order over the state the earlier ones leave, then one storage transaction makes
 * all of them durable, then they are answered, then pushed.
 */
export class CommitQueue {
  readonly #workspace: Workspace
  readonly #handler: StepHandler
  readonly #observer: CommitObserver
  readonly #limits: CommitLimits
  readonly #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  #lastSeq: number
  /** Set when a commit failed in a way that leaves open whether it happened. */
  #uncertain = false

  constructor(options: {
    workspace: Workspace
    handler: StepHandler
    observer: CommitObserver
    lastSeq: number
    limits?: CommitLimits
  }) {
    this.#workspace = options.workspace
    this.#handler = options.handler
    this.#observer = options.observer
    this.#lastSeq = options.lastSeq
    this.#limits = options.limits ?? DEFAULT_COMMIT_LIMITS
  }

  get lastSeq(): number {
    return this.#lastSeq
  }

  get depth(): number {
    return this.#waiting.length
  }

  /** Resolves with the answer once the transaction is durable. */
  enqueue(caller: Caller, tx: Tx): Promise<unknown> {
    if (this.#waiting.length >= this.#limits.maxWaiting) {
      return Promise.reject(new StorageError('unavailable', 'too many transactions wait to be committed'))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ caller, tx, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    // Lets the requests of the same tick join the group.
    await new Promise(setImmediate)
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, this.#limits.maxGroup)
      await this.#commitGroup(group).catch((error: unknown) => {
        for (const { reject } of group) reject(error)
      })
    }
    this.#running = undefined
  }

  async #commitGroup(group: Waiting[]): Promise<void> {
    if (this.#uncertain) await this.#recover()
    let run = new GroupRun(await this.#freshState(group))
    for (const waiting of group) {
      if (run.failure !== undefined) run = new GroupRun(await this.#freshState([waiting]))
      await this.#process(run, waiting)
    }
    await this.#flush(run)
  }

  async #freshState(group: Waiting[]): Promise<CommitState> {
    const request = prefetchOf(
      this.#workspace.model.hierarchy,
      group.map(({ tx }) => tx),
    )
    const prefetched: Prefetched = await this.#workspace.storage.prefetch(request)
    const state = new CommitState(this.#workspace, this.#lastSeq, prefetched)
    for (const { domain, ids } of request.documents) state.missing(domain, ids)
    return state
  }

  async #process(run: GroupRun, waiting: Waiting): Promise<void> {
    const { state } = run
    const back = state.savepoint()
    const flush = () => this.#flushOrThrow(run)
    const work = { caller: waiting.caller, request: waiting.tx._id, state, flush }
    try {
      const { result } = await this.#handler(work, waiting.tx)
      run.settled.push({ waiting, result })
      if (state.entries.some(({ tx }) => isModelChange(tx))) await this.#flush(run)
    } catch (error) {
      if (run.failure === undefined) back()
      waiting.reject(error)
    }
  }

  async #flushOrThrow(run: GroupRun): Promise<void> {
    await this.#flush(run)
    if (run.failure !== undefined) throw run.failure.error
  }

  async #flush(run: GroupRun): Promise<void> {
    const { state } = run
    const settled = run.settled.splice(0)
    const { entries, pushes } = state
    try {
      if (entries.length > 0) await this.#workspace.storage.commit(state.batch())
    } catch (error) {
      run.failure = { error }
      this.#uncertain = true
      this.#observer.failed(error)
      for (const { waiting } of settled) waiting.reject(error)
      return
    }
    this.#lastSeq += entries.length
    state.settle()
    for (const { tx } of entries) if (isModelChange(tx)) await this.#applyToModel(tx)
    for (const { waiting, result } of settled) waiting.resolve(result)
    if (pushes.length > 0) this.#observer.committed(pushes)
  }

  async #applyToModel(tx: Tx): Promise<void> {
    this.#workspace.model.apply(tx)
    await this.#observer.modelChanged(tx)
  }

  /** Takes in what storage has beyond what this queue knows of: a commit whose answer was lost. */
  async #recover(): Promise<void> {
    for (;;) {
      const entries = await this.#workspace.storage.readLog({ after: this.#lastSeq, limit: 1000 })
      for (const { seq, tx } of entries) {
        this.#lastSeq = seq
        if (isModelChange(tx)) await this.#applyToModel(tx)
      }
      if (entries.length === 0) break
      this.#observer.committed(entries.map(({ seq, tx }) => ({ seq, tx })))
    }
    this.#uncertain = false
  }
}

/** A group's way through the steps, with the failure once storage refused what was staged. */
class GroupRun {
  readonly state: CommitState
  readonly settled: { waiting: Waiting; result: unknown }[] = []
  failure: { error: unknown } | undefined

  constructor(state: CommitState) {
    this.state = state
  }
}

function isModelChange(tx: Tx): boolean {
  return tx.objectSpace === 'core:space:Model'
}
