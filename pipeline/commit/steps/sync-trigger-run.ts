import { targetOf } from '../../../model/apply-transaction.ts'
import { core } from '../../../model/identifiers.ts'
import { asStatusError, StatusError } from '../../../model/status.ts'
import type { TxCUD } from '../../../model/transactions.ts'
import { StorageError } from '../../../storage/contract.ts'
import { trustedMeta } from '../../modules/generation.ts'
import { takeOver } from '../../modules/module-values.ts'
import type { Installed, SyncTrigger } from '../../modules/trigger.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { AppliedChange } from '../commit-step.ts'
import type { CommitState } from '../commit-state.ts'
import { isPromise, runInModule, type ModuleOrigin } from '../../modules/run-in-module.ts'
import { SyncTriggerReads } from './sync-trigger-context.ts'
import type { TriggerPauses } from './trigger-pauses.ts'
import { withinLimit } from './within-limit.ts'

const none: readonly TxCUD[] = []

/** One run of a synchronous trigger in the commit queue. */
export class SyncTriggerRun {
  readonly #workspace: Workspace
  readonly #reads: SyncTriggerReads
  readonly #trigger: Installed<SyncTrigger>
  readonly #pauses: TriggerPauses

  constructor(
    { workspace, state, pauses }: { workspace: Workspace; state: CommitState; pauses: TriggerPauses },
    trigger: Installed<SyncTrigger>,
  ) {
    this.#workspace = workspace
    this.#pauses = pauses
    this.#reads = new SyncTriggerReads(workspace, state)
    this.#trigger = trigger
  }

  /**
   * What it returns after the limit, and what it still does then, changes nothing.
   * @param path the triggers that led to this one, and itself
   * @throws StatusError the trigger's own; TriggerTimeout; InternalServerError for any other error
   */
  async run(change: AppliedChange, path: readonly string[]): Promise<readonly TxCUD[]> {
    const { fullName } = this.#trigger
    const pause = this.#pauses.remaining(fullName)
    if (pause > 0) throw this.#paused(pause)
    const from = performance.now()
    try {
      const returned = runInModule(this.#origin(change), () =>
        this.#trigger.run(this.#reads.contextOf(change, path), this.#workspace.modules.give(change.tx)),
      )
      const made = isPromise(returned) ? await this.#inTime(returned, change) : returned
      return taken(change.tx, made)
    } catch (error) {
      throw this.#refusal(error)
    } finally {
      this.#reads.end()
      this.#workspace.modules.observer.triggerRan?.(fullName, (performance.now() - from) / 1000)
    }
  }

  async #inTime(returned: PromiseLike<readonly TxCUD[]>, change: AppliedChange): Promise<readonly TxCUD[]> {
    const { syncRunTime } = this.#workspace.modules.limits
    let isLate = false
    try {
      return await withinLimit(returned, syncRunTime, () => {
        isLate = true
        return this.#hung(change)
      })
    } finally {
      if (!isLate) this.#pauses.ended(this.#trigger.fullName)
    }
  }

  #hung({ tx }: AppliedChange): StatusError {
    const { id: workspace, logger, modules } = this.#workspace
    const { fullName: trigger } = this.#trigger
    const { syncRunTime: limit } = modules.limits
    const pause = this.#pauses.hung(trigger)
    const message = pause > 0 ? 'a trigger hangs, and is refused for a while' : 'a trigger took too long'
    logger.error({ workspace, trigger, transaction: tx._id, limit, ...(pause > 0 ? { pause } : {}) }, message)
    modules.observer.triggerFailed(trigger, 'hung')
    return new StatusError('platform:status:TriggerTimeout', { trigger, limit })
  }

  #paused(retryAfter: number): StatusError {
    const { modules } = this.#workspace
    const { fullName: trigger } = this.#trigger
    modules.observer.triggerFailed(trigger, 'paused')
    return new StatusError('platform:status:TriggerTimeout', {
      trigger,
      limit: modules.limits.syncRunTime,
      retryAfter,
    })
  }

  #origin({ tx }: AppliedChange): ModuleOrigin {
    const { module, name } = this.#trigger
    return { module, kind: 'sync trigger', name, workspace: this.#workspace.id, transaction: tx._id }
  }

  #refusal(error: unknown): Error {
    const coded = asStatusError(error)
    if (coded !== undefined) return coded
    if (error instanceof StorageError) return error
    const { id: workspace, logger, modules } = this.#workspace
    const trigger = this.#trigger.fullName
    logger.error({ workspace, trigger, err: error }, 'a trigger failed')
    modules.observer.triggerFailed(trigger, 'refused')
    return new StatusError('platform:status:InternalServerError', {}, { cause: error })
  }
}

/** A transaction of a trigger, marked as derived from its cause. */
export function derivedChange(cause: TxCUD, tx: TxCUD): TxCUD {
  const meta = trustedMeta(cause)
  const derived = { ...tx, space: core.space.DerivedTx, ...(meta === undefined ? {} : { meta }) }
  // Existing clients reload if two changes of one document have the same time.
  if (targetOf(tx)._id === targetOf(cause)._id)
    derived.modifiedOn = Math.max(tx.modifiedOn, cause.modifiedOn + 1)
  return derived
}

/** The transactions that a trigger returned. What it does to its own later does not matter. */
function taken(cause: TxCUD, made: readonly TxCUD[]): readonly TxCUD[] {
  if (!Array.isArray(made)) throw new TypeError('a trigger must return an array of transactions')
  if (made.length === 0) return none
  const txes = made.map((tx: TxCUD) => takeOver(tx))
  for (const { modifiedBy } of txes) {
    if (modifiedBy !== cause.modifiedBy && modifiedBy !== core.account.System)
      throw new TypeError(`a trigger must sign as the sender or the system, not as ${modifiedBy}`)
  }
  return txes
}
