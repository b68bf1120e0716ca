import type { Class, Doc, Domain, Ref } from '../model/documents.ts'
import { core } from '../model/identifiers.ts'
import type { WorkspaceStorage } from './storage/contract.ts'

/** Where the place is told by the next opening, which orders the log anew. */
export const NEXT_OPENING = Number.MAX_SAFE_INTEGER

/** Of no class: no tool that reads or restores the domains of the model comes by here. */
const DOMAIN = 'restore-mark' as Domain
const ID = 'mark' as Ref

/** The document that tells up to which place in the log documents were put back or taken away past it. */
interface RestoreMark extends Doc {
  seq: number
}

/** @returns the place; 0 where nothing ever was */
export async function readRestoreMark(storage: WorkspaceStorage): Promise<number> {
  const [mark] = (await storage.get(DOMAIN, [ID])) as RestoreMark[]
  return mark?.seq ?? 0
}

export async function writeRestoreMark(
  storage: WorkspaceStorage,
  { seq, now }: { seq: number; now: number },
): Promise<void> {
  const mark: RestoreMark = {
    _id: ID,
    _class: DOMAIN as string as Ref<Class>,
    space: core.space.Space,
    modifiedBy: core.account.System,
    modifiedOn: now,
    seq,
  }
  await storage.upload(DOMAIN, [mark])
}

/** Tells the place, where a restore has left that to the opening. */
export async function settleRestoreMark(storage: WorkspaceStorage, now: number): Promise<void> {
  if ((await readRestoreMark(storage)) === NEXT_OPENING)
    await writeRestoreMark(storage, { seq: storage.lastSeq, now })
}
