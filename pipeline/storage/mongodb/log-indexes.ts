import type { Collection } from 'mongodb'
import { CollectionIndexes, type WantedIndex } from './collection-indexes.ts'
import type { StoredEntry } from './stored-document.ts'

const indexes: readonly WantedIndex[] = [
  { name: 'transaction', key: new Map([['tx._id', 1]]), unique: true },
  { name: 'request', key: new Map([['request', 1]]) },
  {
    name: 'space',
    key: new Map([
      ['tx.objectSpace', 1],
      ['_id', 1],
    ]),
  },
  {
    name: 'object',
    key: new Map([
      ['tx.objectId', 1],
      ['_id', 1],
    ]),
  },
  { name: 'attached', key: new Map([['tx.tx.objectId', 1]]), sparse: true },
]

/**
 * Makes the indexes that the log can't be without, before anything is written to it: at once, for a new log is empty.
 */
export async function prepareLog(log: Collection<StoredEntry>): Promise<void> {
  const own = new CollectionIndexes(log as unknown as Collection)
  await own.create(await own.missing(indexes))
}
