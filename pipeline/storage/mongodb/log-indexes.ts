import type { Collection } from 'mongodb'
import type { StoredEntry } from './stored-document.ts'

/** Makes the indexes that the log can't be without, before anything is written to it. */
export async function prepareLog(log: Collection<StoredEntry>): Promise<void> {
  await log.createIndexes([
    { name: 'transaction', key: { 'tx._id': 1 }, unique: true },
    { name: 'request', key: { request: 1 } },
    { name: 'space', key: { 'tx.objectSpace': 1, _id: 1 } },
    { name: 'object', key: { 'tx.objectId': 1, _id: 1 } },
    { name: 'attached', key: { 'tx.tx.objectId': 1 }, sparse: true },
  ])
}
