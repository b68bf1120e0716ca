import { randomBytes } from 'node:crypto'
import type { Collection, Db, Document } from 'mongodb'
import { isDuplicate } from './failure.ts'

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

export async function saveHistory(meta: HistoryCollection, history: History): Promise<void> {
  await meta.replaceOne({ _id: 'history' }, history, { upsert: true })
}

export function newEpoch(): string {
  return randomBytes(8).toString('hex')
}

/**
 * Whether the server orders text by code point, as MongoDB and the model do. Some order it by UTF-16 units, which
 * puts characters beyond U+FFFF before those from U+E000 on.
 */
export async function ordersByCodePoint(meta: HistoryCollection): Promise<boolean> {
  const later = { $gt: ['\u{1F600}', '\uFFEE'] }
  const [answer] = await meta.aggregate([{ $limit: 1 }, { $project: { later } }]).toArray()
  return answer?.['later'] === true
}
