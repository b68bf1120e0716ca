import { core } from '../../../model/identifiers.ts'
import { StatusError } from '../../../model/status.ts'
import type { TxCUD } from '../../../model/transactions.ts'
import { type Caller, systemCaller } from '../../shared/caller.ts'
import { derivedChange, SyncTriggerRun } from './sync-trigger-run.ts'
import { TriggerPauses } from './trigger-pauses.ts'
import type { Installed, SyncTrigger } from '../../modules/trigger.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { AppliedChange, ChangeStep, ChangeHandler, StepOutcome, Work } from '../commit-step.ts'

/**
 * Changes that triggers add pass the following steps and may start further triggers. So may the changes that those
 * steps derive. All are committed with the transaction, or none.
 */
export const triggers: ChangeStep = (next, workspace) => {
  if (workspace.modules.sync.isEmpty) return next
  const pauses = new TriggerPauses(workspace.modules.limits)
  return async function triggers(work, tx) {
    return await new Chain(work, next, { workspace, pauses }).run(tx)
  }
}

/** A change, and the triggers that led to it. */
interface Link {
  change: AppliedChange
  names: readonly string[]
}

class Chain {
  readonly #work: Work
  readonly #next: ChangeHandler
  readonly #workspace: Workspace
  readonly #pauses: TriggerPauses
  readonly #links: Link[] = []
  #derived = 0

  constructor(
    work: Work,
    next: ChangeHandler,
    { workspace, pauses }: { workspace: Workspace; pauses: TriggerPauses },
  ) {
    this.#work = work
    this.#next = next
    this.#workspace = workspace
    this.#pauses = pauses
  }

  async run(tx: TxCUD): Promise<StepOutcome> {
    const outcome = await this.#apply(tx, [], this.#work.caller)
    const { settings, modules } = this.#workspace
    const { sync } = modules
    // The array grows during the loop: triggers run in the order of changes.
    for (const link of this.#links) {
      for (const trigger of sync.matching(this.#work.state.hierarchy, link.change.tx))
        if (settings.isOn(trigger.module)) await this.#set(trigger, link)
    }
    return outcome
  }

  /** @param caller the account that signs the transaction */
  async #apply(tx: TxCUD, names: readonly string[], caller: Caller): Promise<StepOutcome> {
    const changes: AppliedChange[] = []
    // Not a spread, which is several times slower: every transaction passes here.
    const { request, state, flush, meter, keys } = this.#work
    const outcome = await this.#next({ caller, request, state, flush, meter, keys, changes }, tx)
    for (const change of changes) this.#links.push({ change, names })
    return outcome
  }

  async #set(trigger: Installed<SyncTrigger>, { change, names }: Link): Promise<void> {
    const { depth, derived } = this.#workspace.modules.limits
    const path = [...names, trigger.fullName]
    if (path.length > depth) throw this.#beyond('triggerDepth', depth, path)
    const parts = { workspace: this.#workspace, state: this.#work.state, pauses: this.#pauses }
    const made = await new SyncTriggerRun(parts, trigger).run(change, path)
    for (const tx of made) {
      this.#derived += 1
      if (this.#derived > derived) throw this.#beyond('triggerDerived', derived, path)
      await this.#applyDerived(derivedChange(change.tx, tx), path)
    }
  }

  async #applyDerived(tx: TxCUD, path: readonly string[]): Promise<void> {
    try {
      const isSystems = tx.modifiedBy === core.account.System
      await this.#apply(tx, path, isSystems ? systemCaller : this.#work.caller)
    } catch (error) {
      const { id: workspace, logger } = this.#workspace
      if (error instanceof StatusError)
        logger.warn({ workspace, triggers: path, err: error }, 'a change by a trigger was rejected')
      throw error
    }
  }

  #beyond(limit: string, value: number, path: readonly string[]): StatusError {
    const { id: workspace, logger, modules } = this.#workspace
    const names = [...new Set(path)].join(' > ')
    logger.error({ workspace, limit, value, triggers: path }, 'triggers start each other without end')
    modules.observer.triggerFailed(path.at(-1) ?? '', 'loop')
    return new StatusError('platform:status:TriggerLimit', { limit, value, triggers: names })
  }
}
