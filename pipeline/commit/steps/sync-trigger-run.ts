import { targetOf } from '../../../model/apply-transaction.ts'
import { core } from '../../../model/identifiers.ts'
import { StatusError } from '../../../model/status.ts'
import type { TxCUD } from '../../../model/transactions.ts'
import { StorageError } from '../../../storage/contract.ts'
import { trustedMeta } from '../../modules/generation.ts'
import { takeOver } from '../../modules/module-values.ts'
import type { Installed, SyncTrigger } from '../../modules/trigger.ts'
import { withTimeout } from '../../shared/with-timeout.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { AppliedChange } from '../commit-step.ts'
import type { CommitState } from '../commit-state.ts'
import { SyncTriggerReads } from './sync-trigger-context.ts'

const none: readonly TxCUD[] = []

/** One run of a synchronous trigger in the commit queue. */
export class SyncTriggerRun {
  readonly #workspace: Workspace
  readonly #reads: SyncTriggerReads
  readonly #trigger: Installed<SyncTrigger>

  constructor(workspace: Workspace, state: CommitState, trigger: Installed<SyncTrigger>) {
    this.#workspace = workspace
    this.#reads = new SyncTriggerReads(workspace, state)
    this.#trigger = trigger
  }

  /** @throws StatusError the trigger's own, or InternalServerError for any other error */
  async run(change: AppliedChange): Promise<readonly TxCUD[]> {
    const { give, limits } = this.#workspace.modules
    try {
      const returned = this.#trigger.run(this.#reads.contextOf(change), give(change.tx))
      const made =
        returned instanceof Promise ? await withTimeout(returned, { milliseconds: limits.runTime }) : returned
      return taken(change.tx, made)
    } catch (error) {
      throw this.#refusal(error)
    } finally {
      this.#reads.end()
    }
  }

  #refusal(error: unknown): Error {
    if (error instanceof StatusError || error instanceof StorageError) return error
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
