import { brand } from '../../model/brand.ts'
import { core } from '../../model/identifiers.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { systemCaller } from '../shared/caller.ts'
import type { Handlers } from '../workspace/middleware.ts'
import type { LogEntry } from '../../storage/contract.ts'
import { TransactionFactory } from '../../model/transaction-factory.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { finderFor } from './module-context.ts'
import { nextGeneration } from '../modules/generation.ts'
import { takeOver } from '../modules/module-values.ts'
import { withTimeout } from '../shared/with-timeout.ts'
import type { AsyncContext, AsyncTrigger, Installed } from '../modules/trigger.ts'

/** Runs one asynchronous trigger in one workspace, for one transaction at a time. */
export class AsyncTriggerRun {
  readonly #workspace: Workspace
  readonly #trigger: Installed<AsyncTrigger>
  readonly #stop: AbortSignal
  readonly #findAll: AsyncContext['findAll']
  readonly #get: AsyncContext['get']

  constructor(workspace: Workspace, handlers: Handlers, trigger: Installed<AsyncTrigger>, stop: AbortSignal) {
    this.#workspace = workspace
    const findAll = finderFor(workspace, handlers, systemCaller)
    this.#findAll = findAll
    this.#get = async (_class, _id) => (await findAll(_class, { _id }, { limit: 1 }))[0]
    this.#trigger = trigger
    this.#stop = stop
  }

  /** The same for every run for this transaction in this epoch. */
  keyOf({ seq }: LogEntry): string {
    return `${this.#trigger.fullName}:${this.#workspace.storage.epoch}:${seq}`
  }

  /** The transactions that the trigger returns, with ids that are the same in every run. */
  async effects(entry: LogEntry): Promise<TxCUD[]> {
    const { limits, give } = this.#workspace.modules
    const { tx } = entry
    const made = await withTimeout((signal) => this.#trigger.run(this.#context(entry, signal), give(tx)), {
      milliseconds: limits.runTime,
      stop: this.#stop,
    })
    if (!Array.isArray(made)) throw new TypeError('a trigger must return an array of transactions')
    if (made.length === 0) return []
    const meta = nextGeneration(tx, this.#trigger.fullName)
    return made.map((each: TxCUD, at) => named({ ...takeOver(each), meta }, `${this.keyOf(entry)}:${at}`))
  }

  #context(entry: LogEntry, signal: () => AbortSignal): AsyncContext {
    const { clock, generateId, logger, model } = this.#workspace
    const { System } = core.account
    return {
      key: this.keyOf(entry),
      get signal() {
        return signal()
      },
      hierarchy: model.hierarchy,
      generateId,
      logger,
      bySystem: new TransactionFactory(generateId, {
        space: core.space.DerivedTx,
        modifiedBy: System,
        modifiedOn: clock.now(),
      }),
      get: this.#get,
      findAll: this.#findAll,
    }
  }
}

function named(tx: TxCUD, _id: string): TxCUD {
  const signature = { space: core.space.DerivedTx, modifiedBy: core.account.System }
  if (tx._class !== 'core:class:TxCollectionCUD') return { ...tx, ...signature, _id: brand(_id) }
  const inner = { ...tx.tx, _id: brand(`${_id}:inner`), modifiedBy: core.account.System }
  return { ...tx, ...signature, _id: brand(_id), tx: inner }
}
