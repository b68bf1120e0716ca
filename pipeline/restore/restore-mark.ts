import { brand } from '../../model/brand.ts'
import type { Doc, Domain } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'

/** Where the place is told by the next opening, which orders the log anew. */
export const NEXT_OPENING = Number.MAX_SAFE_INTEGER

/** Of no class: no tool that reads or restores the domains of the model comes by here. */
const DOMAIN: Domain = 'restore-mark'
const ID = brand('mark')

/** What is kept of documents that were put back or taken away past the log. */
export interface RestoreMark {
  /** The place in the log up to which that was done. */
  seq: number
  /** The place from which everyone has heard of it; missing: not everyone has. */
  told?: number
}

/** @returns `undefined` where nothing ever was */
export async function readRestoreMark(storage: WorkspaceStorage): Promise<RestoreMark | undefined> {
  const [mark]: (Doc & Partial<RestoreMark>)[] = await storage.get(DOMAIN, [ID])
  if (mark?.seq === undefined) return undefined
  const { seq, told } = mark
  return told === undefined ? { seq } : { seq, told }
}

export async function writeRestoreMark(
  storage: WorkspaceStorage,
  { mark, now }: { mark: RestoreMark; now: number },
): Promise<void> {
  const doc: Doc & RestoreMark = {
    _id: ID,
    _class: brand(DOMAIN),
    space: core.space.Space,
    modifiedBy: core.account.System,
    modifiedOn: now,
    ...mark,
  }
  await storage.upload(DOMAIN, [doc])
}

/** Tells the places that a restore has left to the opening: nobody is in, and who comes back begins at the end of the log. */
export async function settleRestoreMark(
  storage: WorkspaceStorage,
  now: number,
): Promise<RestoreMark | undefined> {
  const mark = await readRestoreMark(storage)
  if (mark === undefined || (mark.seq !== NEXT_OPENING && mark.told !== undefined)) return mark
  const { lastSeq } = storage
  const settled = { seq: Math.min(mark.seq, lastSeq), told: lastSeq }
  await writeRestoreMark(storage, { mark: settled, now })
  return settled
}
