import { randomBytes } from 'node:crypto'
import type { Collection, Db, Document } from 'mongodb'
import { StorageError } from '../../contract.ts'
import { isDuplicate } from '../driver/failure.ts'
import { putMarks } from '../driver/marks.ts'
import { type RetryOptions, retrying } from '../driver/retry.ts'

/** Metadata of a workspace. */
export interface History extends Document {
  _id: 'history'
  epoch: string
  /** The collection of the log. A restored log gets a new one. */
  log: string
  /** Added to `seq` to form the stamp of a document, so that stamps keep growing if a restored log is shorter. */
  offset: number
  /** The log was restored. The next opening sorts it by time. */
  restored: boolean
  /** A revision for optimistic locking. */
  rev?: string
  /** How often documents were changed without the log. */
  restores?: number
}

export type HistoryCollection = Collection<Document & { _id: string }>

export function metaCollection(database: Db): HistoryCollection {
  return database.collection<Document & { _id: string }>('atrium.meta')
}

/** Reads the metadata, or creates them for a new workspace. */
export async function openHistory(meta: HistoryCollection): Promise<History> {
  const known = await meta.findOne<History>({ _id: 'history' })
  if (known !== null) return known
  const history: History = { _id: 'history', epoch: newEpoch(), log: 'tx', offset: 0, restored: false }
  try {
    await meta.insertOne(history)
    return history
  } catch (error) {
    if (isDuplicate(error)) return await openHistory(meta)
    throw error
  }
}

/**
 * Changes the metadata, and `history` with them. Tolerates that the response to an attempt is lost.
 * @throws StorageError `conflict` if another owner has changed them
 */
export async function saveHistory(
  meta: HistoryCollection,
  history: History,
  changes: Partial<History>,
  retry: RetryOptions,
): Promise<void> {
  const changed = { ...history, ...changes, rev: newEpoch() }
  await retrying(async () => {
    const rev = history.rev ?? { $exists: false }
    const { matchedCount } = await meta.replaceOne({ _id: 'history', rev }, changed)
    if (matchedCount > 0 || (await meta.findOne<History>({ _id: 'history' }))?.rev === changed.rev) return
    throw new StorageError('conflict', 'another owner has changed the history of the workspace')
  }, retry)
  Object.assign(history, changed)
}

export function newEpoch(): string {
  return randomBytes(8).toString('hex')
}

/**
 * Whether the server sorts text by code point, as MongoDB and the model do. Some servers sort by UTF-16 units, which
 * puts characters above U+FFFF before those from U+E000 on.
 */
export async function ordersByCodePoint(meta: HistoryCollection): Promise<boolean> {
  // Tested with queries: not every server supports expressions.
  const ask = (filter: Document) => meta.findOne({ _id: 'probe', ...filter })
  const [probe, later] = await Promise.all([ask({}), ask({ text: { $gt: '\uFFEE' } })])
  if (probe !== null) return later !== null
  await putMarks(meta, ['probe'], { text: '\u{1F600}' })
  return await ordersByCodePoint(meta)
}
