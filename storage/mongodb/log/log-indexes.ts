import type { Collection } from 'mongodb'
import { CollectionIndexes, type WantedIndex } from '../driver/collection-indexes.ts'
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
 * Creates the indexes of the log before the first write, which is fast for an empty log. In an existing log, only the
 * index that prevents duplicate transactions is awaited; failures of the others are reported to `failed`.
 */
export async function prepareLog(
  log: Collection<StoredEntry>,
  failed: (error: unknown, fields: Record<string, unknown>) => void,
): Promise<void> {
  const own = new CollectionIndexes(log)
  const missing = await own.missing(indexes)
  await own.create(missing.filter(({ unique }) => unique === true))
  const others = missing.filter(({ unique }) => unique !== true)
  const made = own
    .create(others)
    .catch((error: unknown) => failed(error, { collection: log.collectionName, index: others.map(nameOf) }))
  if (missing.length === indexes.length) await made
}

function nameOf({ name }: WantedIndex): string {
  return name
}
