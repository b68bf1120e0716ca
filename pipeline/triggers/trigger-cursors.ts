import { brand } from '../../model/brand.ts'
import type { Domain, Unchecked } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { TxCreateDoc, TxCUD } from '../../model/transactions.ts'
import { systemCaller } from '../shared/caller.ts'
import type { LogEntry } from '../../storage/contract.ts'
import { TransactionFactory } from '../../model/transaction-factory.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { atomic } from './module-context.ts'
import { moduleState, type TriggerCursor } from '../modules/module-state.ts'
import type { AsyncTrigger, Installed } from '../modules/trigger.ts'

/** Maximum length of a stored error message. */
const MAX_MESSAGE = 1000

/** The log positions of asynchronous triggers, stored as documents beside the triggers' effects. */
export class TriggerCursors {
  readonly #workspace: Workspace
  /** Cursors that may not exist. */
  readonly #missing = new Set<string>()

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  /** The domain of the cursors. */
  get domain(): Domain {
    return this.#workspace.model.hierarchy.domainOf(moduleState.class.TriggerCursor) ?? ''
  }

  /**
   * The position from which each trigger continues. A new trigger starts at the end of the log. So does every trigger
   * after a restore, which starts a new epoch.
   */
  async read(triggers: readonly Installed<AsyncTrigger>[]): Promise<ReadonlyMap<string, number>> {
    const { storage } = this.#workspace
    const found = await storage.get(this.domain, triggers.map(cursorId))
    const cursors = new Map(found.map((doc): [string, Unchecked<TriggerCursor>] => [doc._id, doc]))
    const txes: TxCUD[] = []
    const positions = new Map<string, number>()
    for (const trigger of triggers) {
      const cursor = cursors.get(cursorId(trigger))
      // A cursor beyond the end of the log belongs to another epoch, whatever it says.
      const end = this.#workspace.lastSeq()
      const seq = cursor?.epoch === storage.epoch ? cursor.seq : undefined
      const isOurs = seq !== undefined && seq <= end
      positions.set(trigger.fullName, isOurs ? seq : end)
      if (isOurs) continue
      if (cursor !== undefined) this.#restored(trigger)
      txes.push(this.#move(trigger, this.#workspace.lastSeq(), cursor === undefined))
    }
    if (txes.length > 0)
      await this.#workspace.commit(systemCaller, atomic(this.#workspace, txes, systemCaller))
    return positions
  }

  /** A restore may have replaced or removed cursors. */
  forget(triggers: readonly Installed<AsyncTrigger>[]): void {
    for (const trigger of triggers) this.#missing.add(cursorId(trigger))
  }

  /** Commits the effects together with the new position, once per key. */
  async advance(
    trigger: Installed<AsyncTrigger>,
    seq: number,
    effects: readonly TxCUD[],
    key?: string,
  ): Promise<void> {
    const { commit } = this.#workspace
    const id = cursorId(trigger)
    const create = this.#missing.has(id) && !(await this.#exists(id))
    const txes = [...effects, this.#move(trigger, seq, create)]
    await commit(systemCaller, atomic(this.#workspace, txes, systemCaller, key))
    this.#missing.delete(id)
  }

  deadLetter(trigger: Installed<AsyncTrigger>, { seq, tx }: LogEntry, message: string): TxCreateDoc {
    return this.#factory.create(moduleState.class.DeadLetter, core.space.Configuration, {
      trigger: trigger.fullName,
      seq,
      transaction: tx._id,
      message: message.slice(0, MAX_MESSAGE),
    })
  }

  #restored({ fullName: trigger }: Installed<AsyncTrigger>): void {
    const { id: workspace, logger } = this.#workspace
    logger.warn(
      { workspace, trigger },
      'the workspace was restored: a trigger continues at the end of the log',
    )
  }

  async #exists(id: string): Promise<boolean> {
    return (await this.#workspace.storage.get(this.domain, [id])).length > 0
  }

  #move(trigger: Installed<AsyncTrigger>, seq: number, create: boolean): TxCUD {
    const _id = brand(cursorId(trigger))
    const position = { seq, epoch: this.#workspace.storage.epoch }
    const _class = moduleState.class.TriggerCursor
    const space = core.space.Configuration
    if (create) return this.#factory.create(_class, space, position, { _id })
    return this.#factory.update({ _id, _class, space }, position)
  }

  get #factory(): TransactionFactory {
    const { clock, generateId } = this.#workspace
    const { System: modifiedBy } = core.account
    return new TransactionFactory(generateId, {
      space: core.space.DerivedTx,
      modifiedBy,
      modifiedOn: clock.now(),
    })
  }
}

function cursorId({ fullName }: Installed<AsyncTrigger>): string {
  return `trigger:${fullName}`
}
