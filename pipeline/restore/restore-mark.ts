import { brand } from '../../model/brand.ts'
import type { Doc, Domain } from '../../model/documents.ts'
import { unloggedDocument } from '../shared/unlogged-document.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'

/** Log position that the next opening determines, because it reorders the log. */
export const NEXT_OPENING = Number.MAX_SAFE_INTEGER

const DOMAIN: Domain = 'restore-mark'
const ID = brand('mark')

/** Records that documents were restored or removed without the log. */
export interface RestoreMark {
  /** The log position of the last such change. */
  seq: number
  /** The log position from which all clients know of it; absent if some do not. */
  told?: number
}

/** @returns `undefined` if nothing was ever restored */
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
  await storage.upload(DOMAIN, [unloggedDocument(DOMAIN, ID, now, mark)])
}

/**
 * Sets the log positions that a restore left open. No client is connected, and returning ones start at the end of the
 * log.
 */
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
