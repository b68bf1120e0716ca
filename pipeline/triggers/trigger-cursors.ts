import { brand } from '../../model/brand.ts'
import type { Domain, Unchecked } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { planFind } from '../../model/query/plan-find.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { systemFactory } from '../shared/system-factory.ts'
import type { TransactionFactory } from '../../model/transaction-factory.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { commitAsSystem } from './module-context.ts'
import {
  type FailingEntry,
  type MarkedEntry,
  moduleState,
  type TriggerCursor,
} from '../modules/module-state.ts'
import type { AsyncTrigger, Installed } from '../modules/trigger.ts'

/** Where a trigger is in the log. */
export interface TriggerPosition {
  /** All entries up to this one are done. */
  seq: number
  /** All entries up to this one are done, but for the open ones. */
  reached: number
  open: readonly number[]
  failing: readonly FailingEntry[]
  /** Entries whose run was recorded before it began. */
  marked: readonly MarkedEntry[]
  /** The workspace was closed with work left over. */
  stopped: boolean
}

type StoredCursor = Unchecked<TriggerCursor>

const PREFIX = 'trigger:'

/** The positions of asynchronous triggers, stored as documents beside the triggers' effects. */
export class TriggerCursors {
  readonly #workspace: Workspace
  /** As they are stored, by full name. */
  readonly #saved = new Map<string, TriggerPosition>()
  /** Cursors that may not exist. */
  readonly #missing = new Set<string>()

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  /** The domain of the cursors. */
  get domain(): Domain {
    return this.#workspace.model.hierarchy.domainOf(moduleState.class.TriggerCursor) ?? ''
  }

  /** All cursors of the workspace, by the full name of their trigger. @throws StorageError */
  async stored(): Promise<Map<string, StoredCursor>> {
    const plan = planFind(this.#workspace.model.hierarchy, moduleState.class.TriggerCursor, {}, {})
    const found: StoredCursor[] = await this.#workspace.storage.find(plan)
    return new Map(found.map((cursor) => [cursor._id.slice(PREFIX.length), cursor]))
  }

  /**
   * The position from which each trigger continues. A renamed trigger continues from that of its earlier name. A new
   * one starts at the end of the log, or at its beginning. After a restore, which starts a new epoch, each starts at the
   * end.
   * @throws StorageError
   */
  async read(
    triggers: readonly Installed<AsyncTrigger>[],
    stored: ReadonlyMap<string, StoredCursor>,
  ): Promise<ReadonlyMap<string, TriggerPosition>> {
    const txes: TxCUD[] = []
    const positions = new Map<string, TriggerPosition>()
    for (const trigger of triggers) {
      const own = stored.get(trigger.fullName)
      const former = own === undefined ? formerName(trigger, stored) : undefined
      const cursor = own ?? (former === undefined ? undefined : stored.get(former))
      const known = cursor === undefined ? undefined : this.#positionOf(cursor)
      const position = known ?? this.#begin(trigger, cursor !== undefined)
      positions.set(trigger.fullName, position)
      if (former !== undefined && cursor !== undefined) {
        this.#log(trigger, 'a renamed trigger continues where it stopped', { was: former })
        txes.push(this.#factory.remove(cursor))
      }
      if (known === undefined || former !== undefined)
        txes.push(this.#move(trigger, position, own === undefined))
      else if (own?.goneSince != null) txes.push(this.#factory.update(own, { $unset: { goneSince: '' } }))
      this.#saved.set(trigger.fullName, position)
    }
    await this.commit(txes)
    return positions
  }

  /** A restore may have replaced or removed cursors. */
  forget(triggers: readonly Installed<AsyncTrigger>[]): void {
    for (const { fullName } of triggers) {
      this.#missing.add(fullName)
      this.#saved.delete(fullName)
    }
  }

  /** Commits the effects together with the new position, once per key. */
  async advance(
    trigger: Installed<AsyncTrigger>,
    position: TriggerPosition,
    effects: readonly TxCUD[] = [],
    key?: string,
  ): Promise<void> {
    const { fullName } = trigger
    const create = this.#missing.has(fullName) && !(await this.#exists(trigger))
    await this.commit([...effects, this.#move(trigger, position, create)], key)
    this.#missing.delete(fullName)
    this.#saved.set(fullName, position)
  }

  /** Commits all of the transactions or none, as the system. */
  async commit(txes: readonly TxCUD[], key?: string): Promise<void> {
    await commitAsSystem(this.#workspace, txes, key)
  }

  /** The position, if it is one of this log. */
  #positionOf({
    seq,
    epoch,
    reached,
    open,
    failing,
    marked,
    stopped,
  }: StoredCursor): TriggerPosition | undefined {
    // A cursor beyond the end of the log belongs to another epoch, whatever it says.
    const isOurs = epoch === this.#workspace.storage.epoch && seq !== undefined
    if (!isOurs || Math.max(seq, reached ?? 0) > this.#workspace.lastSeq()) return undefined
    return {
      seq,
      reached: reached ?? seq,
      open: open ?? [],
      failing: failing ?? [],
      marked: marked ?? [],
      stopped: stopped ?? false,
    }
  }

  #begin(trigger: Installed<AsyncTrigger>, isRestored: boolean): TriggerPosition {
    if (isRestored)
      this.#log(trigger, 'the workspace was restored: a trigger continues at the end of the log', {})
    const seq = trigger.from === 'start' && !isRestored ? 0 : this.#workspace.lastSeq()
    return { seq, reached: seq, open: [], failing: [], marked: [], stopped: false }
  }

  #log({ fullName: trigger }: Installed<AsyncTrigger>, message: string, fields: object): void {
    const { id: workspace, logger } = this.#workspace
    logger.warn({ workspace, trigger, ...fields }, message)
  }

  async #exists(trigger: Installed<AsyncTrigger>): Promise<boolean> {
    return (await this.#workspace.storage.get(this.domain, [cursorId(trigger)])).length > 0
  }

  #move(trigger: Installed<AsyncTrigger>, position: TriggerPosition, create: boolean): TxCUD {
    const { epoch } = this.#workspace.storage
    const _id = brand(cursorId(trigger))
    const _class = moduleState.class.TriggerCursor
    const space = core.space.Configuration
    if (create) return this.#factory.create(_class, space, { ...position, epoch }, { _id })
    const saved = this.#saved.get(trigger.fullName)
    const changed = Object.entries(position).filter(
      ([name, value]) => !isSame(value, saved?.[name as keyof TriggerPosition]),
    )
    // A change of nothing would be none.
    return this.#factory.update({ _id, _class, space }, { ...Object.fromEntries(changed), epoch })
  }

  get #factory(): TransactionFactory {
    return systemFactory(this.#workspace)
  }
}

/** The earlier names of a trigger, with their module. */
export function formerNames({ module, was = [] }: Installed<AsyncTrigger>): string[] {
  return was.map((name) => (name.includes('.') ? name : `${module}.${name}`))
}

function formerName(
  trigger: Installed<AsyncTrigger>,
  stored: ReadonlyMap<string, StoredCursor>,
): string | undefined {
  return formerNames(trigger).find((name) => stored.has(name))
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || (Array.isArray(a) && Array.isArray(b) && a.length === 0 && b.length === 0)
}

function cursorId({ fullName }: Installed<AsyncTrigger>): string {
  return `${PREFIX}${fullName}`
}
