import type { ClassRef } from '../../../model/class-ref.ts'
import type { Doc, Ref } from '../../../model/documents.ts'
import { targetOf } from '../../../model/apply-transaction.ts'
import { core } from '../../../model/identifiers.ts'
import { planFind } from '../../../model/query/plan-find.ts'
import type { Condition } from '../../../model/query/plan.ts'
import type { DocumentQuery } from '../../../model/query/query.ts'
import { asStatusError, StatusError } from '../../../model/status.ts'
import type { TxCUD } from '../../../model/transactions.ts'
import type { AppliedChange } from '../commit-step.ts'
import type { CommitState } from '../commit-state.ts'
import { StorageError } from '../../../storage/contract.ts'
import { TransactionFactory } from '../../../model/transaction-factory.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { trustedMeta } from '../../modules/generation.ts'
import { withTimeout } from '../../shared/with-timeout.ts'
import type { Installed, SyncContext, SyncTrigger } from '../../modules/trigger.ts'

/** One run of a synchronous trigger in the commit queue. */
export class SyncTriggerRun {
  readonly #workspace: Workspace
  readonly #state: CommitState
  readonly #trigger: Installed<SyncTrigger>

  constructor(workspace: Workspace, state: CommitState, trigger: Installed<SyncTrigger>) {
    this.#workspace = workspace
    this.#state = state
    this.#trigger = trigger
  }

  /** @throws StatusError the trigger's own, or InternalServerError for any other error */
  async run(change: AppliedChange): Promise<readonly TxCUD[]> {
    const { modules } = this.#workspace
    try {
      const made = this.#trigger.run(this.#context(change), change.tx)
      const txes =
        made instanceof Promise ? await withTimeout(made, { milliseconds: modules.limits.runTime }) : made
      checkSigned(change.tx, txes)
      return txes
    } catch (error) {
      throw this.#refusal(error)
    }
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

  #context({ tx, before, after }: AppliedChange): SyncContext {
    const { generateId, logger } = this.#workspace
    const { hierarchy } = this.#state
    const { modifiedBy, modifiedOn } = tx
    const space = core.space.DerivedTx
    const signature = { space, modifiedBy, modifiedOn, meta: trustedMeta(tx) }
    return {
      hierarchy,
      generateId,
      logger,
      before,
      after,
      bySender: new TransactionFactory(generateId, signature),
      bySystem: new TransactionFactory(generateId, { ...signature, modifiedBy: core.account.System }),
      get: (_class, id) => this.#get(_class, id),
      findAll: (_class, query) => this.#findAll(_class, query),
    }
  }

  async #get<T extends Doc>(_class: ClassRef<T>, id: Ref): Promise<T | undefined> {
    const { hierarchy } = this.#state
    const domain = hierarchy.domainOf(_class)
    const doc = domain === undefined ? undefined : await this.#state.get(domain, id)
    return doc !== undefined && hierarchy.isDerived(doc._class, hierarchy.baseClass(_class))
      ? (doc as T) // checked above
      : undefined
  }

  async #findAll<T extends Doc>(_class: ClassRef<T>, query: DocumentQuery): Promise<T[]> {
    const plan = planFind(this.#state.hierarchy, _class, query, {})
    if (needsStorage(plan.condition)) {
      const message = 'joins and full-text search find only committed documents'
      throw new StatusError('core:status:InvalidQuery', { message })
    }
    // The plan finds documents of the class only.
    return (await this.#state.find(plan)) as T[]
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

/** Joins and full-text search find only committed documents. */
export function needsStorage(condition: Condition): boolean {
  if (condition.op === 'lookup' || condition.op === 'search') return true
  return 'conditions' in condition && condition.conditions.some(needsStorage)
}

function checkSigned(cause: TxCUD, txes: readonly TxCUD[]): void {
  if (!Array.isArray(txes)) throw new TypeError('a trigger must return an array of transactions')
  for (const { modifiedBy } of txes) {
    if (modifiedBy !== cause.modifiedBy && modifiedBy !== core.account.System)
      throw new TypeError(`a trigger must sign as the sender or the system, not as ${modifiedBy}`)
  }
}
