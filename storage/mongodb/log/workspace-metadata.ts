import { randomBytes } from 'node:crypto'
import type { Collection, Db, Document } from 'mongodb'
import { StorageError } from '../../contract.ts'
import { isDuplicate } from '../driver/failure.ts'
import { putMarks } from '../driver/marks.ts'
import { type RetryOptions, retrying } from '../driver/retry.ts'

/** What is known of a workspace beside its log and its documents. */
export interface History extends Document {
  _id: 'history'
  epoch: string
  /** The log's collection: a restored log gets another one. */
  log: string
  /** Stamps of documents are this and the `seq`, so that they go on growing when a restored log is shorter. */
  offset: number
  /** The log was restored: the next opening puts it in the order of time. */
  restored: boolean
  /** Another one with each change: who changes it has to know the last one. */
  rev?: string
  /** How often documents were changed past the log. */
  restores?: number
}

export type HistoryCollection = Collection<Document & { _id: string }>

export function metaCollection(database: Db): HistoryCollection {
  return database.collection<Document & { _id: string }>('atrium.meta')
}

/** Makes the history of a new workspace. */
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
 * Changes what is known, and `history` with it. Bears that nobody hears of a try.
 * @throws StorageError `conflict` when somebody else has changed it
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
 * Whether the server orders text by code point, as MongoDB and the model do. Some order it by UTF-16 units, which
 * puts characters beyond U+FFFF before those from U+E000 on.
 */
export async function ordersByCodePoint(meta: HistoryCollection): Promise<boolean> {
  // Queries alone tell: not every server has expressions.
  const ask = (filter: Document) => meta.findOne({ _id: 'probe', ...filter })
  const [probe, later] = await Promise.all([ask({}), ask({ text: { $gt: '\uFFEE' } })])
  if (probe !== null) return later !== null
  await putMarks(meta, ['probe'], { text: '\u{1F600}' })
  return await ordersByCodePoint(meta)
}
