import type { Doc } from '../model/documents.ts'
import { core } from '../model/identifiers.ts'
import type { WorkspaceStorage } from './storage/contract.ts'
import { MODULE_STATE_DOMAIN, moduleState, type RestoreMark } from './triggers/module-state.ts'

/** Where the place is told by the next opening, which orders the log anew. */
export const NEXT_OPENING = Number.MAX_SAFE_INTEGER

/** The document that tells up to which place in the log documents were put back or taken away past it. */
export const RESTORE_MARK = 'module:restored' as RestoreMark['_id']

/** @returns the place; 0 where nothing ever was */
export async function readRestoreMark(storage: WorkspaceStorage): Promise<number> {
  const [mark] = (await storage.get(MODULE_STATE_DOMAIN, [RESTORE_MARK])) as RestoreMark[]
  return mark?.seq ?? 0
}

export async function writeRestoreMark(
  storage: WorkspaceStorage,
  { seq, now }: { seq: number; now: number },
): Promise<void> {
  const by = core.account.System
  const signed = { modifiedBy: by, modifiedOn: now, createdBy: by, createdOn: now }
  const mark = {
    _id: RESTORE_MARK,
    _class: moduleState.class.RestoreMark,
    space: core.space.Space,
    ...signed,
    seq,
  }
  await storage.upload(MODULE_STATE_DOMAIN, [mark as unknown as Doc])
}

/** Tells the place, where a restore has left that to the opening. */
export async function settleRestoreMark(storage: WorkspaceStorage, now: number): Promise<void> {
  if ((await readRestoreMark(storage)) === NEXT_OPENING)
    await writeRestoreMark(storage, { seq: storage.lastSeq, now })
}
