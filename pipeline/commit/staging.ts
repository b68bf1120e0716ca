import { invalidTransaction } from '../../model/invalid-transaction.ts'
import { MAX_REQUEST_STEPS, WorkMeter } from '../../model/query/work-meter.ts'
import type { Tx } from '../../model/transactions.ts'
import type { Caller } from '../shared/caller.ts'
import type { CommitTerms } from '../workspace/commit-terms.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { CommitState } from './commit-state.ts'
import type { RequestHandler, StepOutcome, Work } from './commit-step.ts'
import { readAhead } from './read-ahead.ts'

/** A request that waits for its result. */
export interface Waiting {
  caller: Caller
  tx: Tx
  terms?: CommitTerms | undefined
  resolve: (result: unknown) => void
  reject: (error: unknown) => void
  /** The request may be too large. It gets a group of its own, so that no other request fails with it. */
  isAlone?: boolean
}

/** Requests that are committed in one storage transaction. */
export class Group {
  readonly state: CommitState
  staged: { waiting: Waiting; result: unknown }[] = []
  /** The group that this one was staged over failed. */
  isStale = false
  /** Why the group accepts no more requests: they would exceed the limit in bytes, or its request has to be alone. */
  full: 'bytes' | 'alone' | undefined

  constructor(state: CommitState) {
    this.state = state
  }
}

/** Stages requests: each passes the commit steps over the state that the requests before it leave. */
export class Staging {
  readonly #workspace: Workspace
  readonly #handler: RequestHandler
  readonly #flush: (group: Group) => Promise<void>
  #isAsking = false
  #isBusy = false

  /** `flush` commits what a group has staged so far. */
  constructor(workspace: Workspace, handler: RequestHandler, flush: (group: Group) => Promise<void>) {
    this.#workspace = workspace
    this.#handler = handler
    this.#flush = flush
  }

  /** A request is being staged, so that the group must not be committed now. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** The next requests are prefetched instead of assumed to be new. */
  prefetchNext(): void {
    this.#isAsking = true
  }

  /**
   * Stages requests in order, after one prefetch. Resolves with the requests that were not staged because the group
   * is stale or full.
   */
  async take(group: Group, some: readonly Waiting[]): Promise<readonly Waiting[]> {
    this.#isBusy = true
    try {
      const isRead = await this.#readAhead(group, some)
      return isRead ? await this.#stageAll(group, some) : []
    } finally {
      this.#isBusy = false
    }
  }

  /** A single request may be larger: storage itself checks it. */
  get #maxBytes(): number {
    const { limits, storage } = this.#workspace
    return Math.min(limits.maxGroupBytes, storage.maxGroupBytes)
  }

  async #readAhead({ state }: Group, some: readonly Waiting[]): Promise<boolean> {
    const txes = some.map(({ tx }) => tx)
    const isAsking = this.#isAsking
    // Reset before the prefetch: `ask` may be called while it runs.
    this.#isAsking = false
    try {
      await readAhead(this.#workspace, state, txes, isAsking)
      return true
    } catch (error) {
      for (const { reject } of some) reject(error)
      return false
    }
  }

  async #stageAll(group: Group, some: readonly Waiting[]): Promise<readonly Waiting[]> {
    for (const [at, waiting] of some.entries()) {
      if (waiting.isAlone === true) closeIfStaged(group)
      if (group.isStale || group.full !== undefined) return some.slice(at)
      const turn = this.#workspace.turns.pause(this.#workspace.id)
      if (turn !== undefined) await turn
      if (!(await this.#stage(group, waiting))) return some.slice(at)
      if (waiting.isAlone === true) closeIfStaged(group)
    }
    return []
  }

  /** Resolves with false if the request would make the group too large. */
  async #stage(group: Group, waiting: Waiting): Promise<boolean> {
    const { state } = group
    const back = state.savepoint()
    const flush = () => this.#flush(group)
    const meter = new WorkMeter(MAX_REQUEST_STEPS, invalidTransaction)
    const { caller, terms, tx } = waiting
    const work = { caller, request: tx._id, state, flush, meter, terms, keys: [] }
    try {
      const result = await this.#perform(work, tx)
      if (state.bytes > this.#maxBytes && group.staged.length > 0) {
        back()
        group.full = 'bytes'
        return false
      }
      group.staged.push({ waiting, result })
      if (state.changesModel) await this.#flush(group).catch(() => undefined)
    } catch (error) {
      if (group.isStale) {
        group.staged.push({ waiting, result: undefined })
        return true
      }
      back()
      waiting.reject(error)
    }
    return true
  }

  /**
   * Only a commit verifies the assumption that a request is new. So before a request without changes gets its result
   * or its error, storage is asked whether it was committed before.
   */
  async #perform(work: Work, tx: Tx): Promise<unknown> {
    const { state } = work
    const before = state.nextSeq
    const back = state.savepoint()
    let outcome: StepOutcome | undefined
    let failure: unknown
    try {
      outcome = await this.#handler(work, tx)
    } catch (error) {
      failure = error
    }
    const changed = outcome !== undefined && state.nextSeq > before
    if (!changed && state.isAssumedNew(tx._id)) {
      const { requests } = await this.#workspace.storage.prefetch({ requests: [tx._id], documents: [] })
      if (requests.length > 0) {
        back()
        state.prefetched({ requests, documents: [] })
        return (await this.#handler(work, tx)).result
      }
    }
    if (outcome === undefined) throw failure
    return outcome.result
  }
}

function closeIfStaged(group: Group): void {
  if (group.staged.length > 0) group.full = 'alone'
}
