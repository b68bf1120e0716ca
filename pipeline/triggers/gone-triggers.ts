import type { TxCUD } from '../../model/transactions.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { formerNames, type TriggerCursors } from './trigger-cursors.ts'
import { systemFactory } from '../shared/system-factory.ts'

/** A trigger that no module declares any more, and that has a position in the log. */
export interface GoneTrigger {
  /** `module.name` */
  trigger: string
  /** All entries up to this one are done. */
  position: number
  /** When a server without it first opened the workspace, in milliseconds since the Unix epoch. */
  since: number
  /** Log entries after its position, which include those that would not start it. */
  entries: number
}

/**
 * The triggers that are gone. Their positions are kept for a time, and then removed: a trigger that comes back later is
 * a new one. Each is reported with what waits for it.
 * @throws StorageError
 */
export async function settleGoneTriggers(
  workspace: Workspace,
  cursors: TriggerCursors,
  stored: Awaited<ReturnType<TriggerCursors['stored']>>,
): Promise<GoneTrigger[]> {
  const { id, clock, logger, modules, storage } = workspace
  const claimed = new Set(modules.async.flatMap((trigger) => [trigger.fullName, ...formerNames(trigger)]))
  const txes: TxCUD[] = []
  const gone: GoneTrigger[] = []
  for (const [trigger, cursor] of stored) {
    if (claimed.has(trigger)) continue
    const since = cursor.goneSince ?? clock.now()
    const isOver = cursor.epoch !== storage.epoch || clock.now() - since > modules.limits.keptPosition
    const position = cursor.seq ?? 0
    const found = asOfNow(workspace, { trigger, position, since })
    const message = isOver ? 'the position of a trigger that is gone is removed' : 'a trigger is gone'
    logger.warn({ workspace: id, ...found }, message)
    if (!isOver) gone.push(found)
    if (isOver) txes.push(systemFactory(workspace).remove(cursor))
    else if (cursor.goneSince == null)
      txes.push(systemFactory(workspace).update(cursor, { goneSince: since }))
  }
  await cursors.commit(txes)
  return gone
}

/** With the log entries that have come since. */
export function asOfNow(workspace: Workspace, gone: Omit<GoneTrigger, 'entries'>): GoneTrigger {
  return { ...gone, entries: Math.max(0, workspace.lastSeq() - gone.position) }
}
