import { core } from '../../model/identifiers.ts'
import type { Tx } from '../../model/transactions.ts'
import type { Caller } from '../shared/caller.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { CommitState } from './commit-state.ts'
import type { RequestHandler, StepOutcome, Work } from './commit-step.ts'
import { readAhead } from './read-ahead.ts'

/** A request that waits for its answer. */
export interface Waiting {
  caller: Caller
  tx: Tx
  resolve: (result: unknown) => void
  reject: (error: unknown) => void
  /** May be too large: has a group of its own, so that nobody else is refused with it. */
  isAlone?: boolean
}

/** Requests that are committed together. */
export class Group {
  readonly state: CommitState
  staged: { waiting: Waiting; result: unknown }[] = []
  /** What it was staged over did not happen. */
  isStale = false
  /** Why it takes no more: it has something staged, and that would be too many bytes, or what is there is alone. */
  full: 'bytes' | 'alone' | undefined

  constructor(state: CommitState) {
    this.state = state
  }
}

/** Takes requests into a group: each goes through the steps, over the state that those before it leave. */
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

  /** A request is on its way: what its group has staged is not whole. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** What is taken next asks whether it is new. */
  ask(): void {
    this.#isAsking = true
  }

  /** In order, with what they are sure to need read in one go. Gives back those for which the group is stale or full. */
  async take(group: Group, some: readonly Waiting[]): Promise<readonly Waiting[]> {
    this.#isBusy = true
    try {
      const isRead = await this.#readAhead(group, some)
      return isRead ? await this.#stageAll(group, some) : []
    } finally {
      this.#isBusy = false
    }
  }

  async #readAhead({ state }: Group, some: readonly Waiting[]): Promise<boolean> {
    const txes = some.map(({ tx }) => tx)
    const isAsking = this.#isAsking
    // Now: what is read meanwhile may turn out to have to be asked about.
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
      if (!(await this.#stage(group, waiting))) return some.slice(at)
      if (waiting.isAlone === true) closeIfStaged(group)
    }
    return []
  }

  /** Tells whether it is done with: one that makes the group too large is not. */
  async #stage(group: Group, waiting: Waiting): Promise<boolean> {
    const { state } = group
    const back = state.savepoint()
    const flush = () => this.#flush(group)
    const work = { caller: waiting.caller, request: waiting.tx._id, state, flush }
    try {
      const result = await this.#perform(work, waiting.tx)
      // One alone is held against the limit by storage, which measures.
      if (state.bytes > this.#workspace.storage.maxGroupBytes && group.staged.length > 0) {
        back()
        group.full = 'bytes'
        return false
      }
      group.staged.push({ waiting, result })
      if (state.entries.some(({ tx }) => isModelChange(tx))) await this.#flush(group).catch(() => undefined)
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
   * Only what is committed is held against what storage knows. So before a request that changes nothing is
   * answered, or refused, storage is asked whether it was committed before.
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

export function isModelChange(tx: Tx): boolean {
  return tx.objectSpace === core.space.Model
}

function closeIfStaged(group: Group): void {
  if (group.staged.length > 0) group.full = 'alone'
}
