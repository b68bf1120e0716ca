import { brand } from '../../model/brand.ts'
import { core } from '../../model/identifiers.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { type Caller, systemCaller } from '../shared/caller.ts'
import { milliseconds } from '../shared/duration.ts'
import type { Handlers } from '../workspace/middleware.ts'
import type { LogEntry } from '../../storage/contract.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { causeOf, workspaceContextFor } from '../workspace/workspace-context.ts'
import type { Acting } from '../modules/context.ts'
import { actingAs, callerOf } from './acting.ts'
import { finderFor } from './module-context.ts'
import { nextGeneration } from '../modules/generation.ts'
import { takeOver } from '../modules/module-values.ts'
import { type ModuleOrigin, ModuleRun, outsideModule, runInModule } from '../modules/run-in-module.ts'
import { withTimeout } from '../shared/with-timeout.ts'
import type { AsyncContext, AsyncTrigger, Installed } from '../modules/trigger.ts'
import type { DocumentHistory } from './document-history.ts'
import type { Reading } from './pending-effects.ts'
import { systemFactory } from '../shared/system-factory.ts'
import type { Work } from './trigger-work.ts'

export interface AsyncTriggerRunOptions {
  workspace: Workspace
  handlers: Handlers
  trigger: Installed<AsyncTrigger>
  /** Aborts when the workspace closes. */
  stop: AbortSignal
  /** Resolves when the query sees what earlier runs of the trigger made. */
  settled: (reading: Reading) => Promise<void> | undefined
  history: DocumentHistory
}

/** A run that has begun. */
export interface Begun {
  run: ModuleRun
  /** The transactions that the trigger returns, with ids that are the same in every run. Rejects when its time is over. */
  effects: Promise<readonly TxCUD[]>
  /** Resolves when its code has ended. */
  ended: Promise<void>
}

/** Runs one asynchronous trigger in one workspace, for one transaction at a time. */
export class AsyncTriggerRun {
  readonly #workspace: Workspace
  readonly #handlers: Handlers
  readonly #trigger: Installed<AsyncTrigger>
  readonly #stop: AbortSignal
  readonly #time: number
  readonly #findAll: AsyncContext['findAll']
  readonly #get: AsyncContext['get']
  readonly #history: DocumentHistory

  constructor({ workspace, handlers, trigger, stop, settled, history }: AsyncTriggerRunOptions) {
    this.#workspace = workspace
    this.#handlers = handlers
    this.#trigger = trigger
    this.#stop = stop
    this.#time = milliseconds(trigger.timeout ?? workspace.modules.limits.runTime)
    this.#history = history
    const find = finderFor(workspace, handlers, systemCaller)
    // A function of its own in the context of the module, so that an error which nobody awaits is that of the module.
    const findAll: AsyncContext['findAll'] = async (_class, query, options) =>
      await outsideModule(async () => {
        await settled({ _class, query, options })
        return await find(_class, query, options)
      })
    this.#findAll = findAll
    this.#get = async (_class, _id) => (await findAll(_class, { _id }, { limit: 1 }))[0]
  }

  /** The same for every run for this transaction in this epoch. */
  keyOf({ seq }: LogEntry): string {
    return `${this.#trigger.fullName}:${this.#workspace.storage.epoch}:${seq}`
  }

  /** Transactions of one key take turns. */
  orderOf({ tx }: LogEntry): string {
    const { module, name, orderBy } = this.#trigger
    if (orderBy === undefined) return tx.objectId
    const origin: ModuleOrigin = { module, kind: 'async trigger', name, workspace: this.#workspace.id }
    try {
      const key: unknown = runInModule({ ...origin, transaction: tx._id }, () =>
        orderBy(this.#workspace.modules.give(tx)),
      )
      if (key instanceof Promise) {
        key.catch(nothing)
        throw new TypeError('`orderBy` must return a key, not a promise')
      }
      return typeof key === 'string' ? key : (JSON.stringify(key) ?? 'undefined')
    } catch (error) {
      const { id: workspace, logger } = this.#workspace
      const fields = { workspace, trigger: this.#trigger.fullName, transaction: tx._id, err: error }
      logger.error(fields, '`orderBy` of a trigger failed: the transaction is ordered by its `objectId`')
      return tx.objectId
    }
  }

  begin(work: Work): Begun {
    const { tx } = work.entry
    const { module, name } = this.#trigger
    const { id: workspace } = this.#workspace
    const run = new ModuleRun({ module, kind: 'async trigger', name, workspace, transaction: tx._id })
    let made: Promise<unknown> | undefined
    // A promise of a library may begin its work whenever it is awaited, so it is awaited once.
    const code = async (signal: () => AbortSignal) => await this.#run(work, signal)
    const returned = run.start(async () =>
      withTimeout((signal) => (made = code(signal)), { milliseconds: this.#time, stop: this.#stop }),
    )
    const effects = returned.then((txes) => this.#named(work, txes))
    return {
      run,
      effects,
      ended: effects.then(nothing, async () => await made?.then(nothing, nothing)),
    }
  }

  #acting(caller: Caller, name: string): Acting {
    const [workspace, handlers] = [this.#workspace, this.#handlers]
    let commits = 0
    return actingAs({
      workspace,
      handlers,
      caller,
      send: async (make) => {
        const tx = make(`${name}:${commits++}`)
        await outsideModule(() => handlers.tx(caller, tx))
      },
    })
  }

  #run(work: Work, signal: () => AbortSignal): readonly TxCUD[] | Promise<readonly TxCUD[]> {
    const { modules, settings } = this.#workspace
    if (!settings.isOn(this.#trigger.module)) return []
    return this.#trigger.run(this.#context(work, signal), modules.give(work.entry.tx))
  }

  #named({ entry, idempotencyKey }: Work, made: unknown): TxCUD[] {
    if (!Array.isArray(made)) throw new TypeError('a trigger must return an array of transactions')
    if (made.length === 0) return []
    const meta = nextGeneration(entry.tx, this.#trigger.fullName)
    return made.map((each: TxCUD, at) => named({ ...takeOver(each), meta }, `${idempotencyKey}:${at}`))
  }

  #context({ entry, idempotencyKey }: Work, signal: () => AbortSignal): AsyncContext {
    const { generateId, logger, model } = this.#workspace
    let change: ReturnType<DocumentHistory['change']> | undefined
    const changed = async () => await (change ??= outsideModule(() => this.#history.change(entry)))
    return {
      key: idempotencyKey,
      get signal() {
        return signal()
      },
      hierarchy: model.hierarchy,
      generateId,
      logger,
      bySystem: systemFactory(this.#workspace),
      before: async () => (await changed()).before,
      after: async () => (await changed()).after,
      ...workspaceContextFor(this.#workspace, this.#trigger.fullName, causeOf(entry.tx)),
      asSystem: this.#acting(systemCaller, `${idempotencyKey}:system`),
      asSender: this.#acting(callerOf(this.#workspace, entry.tx.modifiedBy), `${idempotencyKey}:sender`),
      get: this.#get,
      findAll: this.#findAll,
    }
  }
}

function nothing(): void {
  // The outcome is that of `effects`.
}

function named(tx: TxCUD, _id: string): TxCUD {
  const signature = { space: core.space.DerivedTx, modifiedBy: core.account.System }
  if (tx._class !== 'core:class:TxCollectionCUD') return { ...tx, ...signature, _id: brand(_id) }
  const inner = { ...tx.tx, _id: brand(`${_id}:inner`), modifiedBy: core.account.System }
  return { ...tx, ...signature, _id: brand(_id), tx: inner }
}
