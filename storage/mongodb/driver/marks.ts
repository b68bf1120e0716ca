import type { Collection, Document } from 'mongodb'
import { IncompleteWrite, isDuplicate, isTemporary } from './failure.ts'

type MarkCollection = Collection<Document & { _id: string }>

/** Maximum number of attempts. Each failure means that another writer wrote one of the documents. */
const maxTries = 20

/**
 * Writes small documents by id, concurrently with other writers. Durable when the promise resolves.
 * @throws IncompleteWrite if the server keeps omitting some
 */
export async function putMarks(
  collection: MarkCollection,
  ids: readonly string[],
  fields: Document = {},
): Promise<void> {
  const replace = (_id: string) => ({ replaceOne: { filter: { _id }, replacement: fields, upsert: true } })
  let left = ids
  for (let tries = 0; left.length > 0; tries++) {
    if (tries === maxTries) throw new IncompleteWrite()
    try {
      const { matchedCount, upsertedCount } = await collection.bulkWrite(left.map(replace), {
        ordered: false,
      })
      if (matchedCount + upsertedCount === left.length) return
    } catch (error) {
      if (isTemporary(error) || !isDuplicate(error)) throw error
    }
    left = await missing(collection, left)
  }
}

async function missing(collection: MarkCollection, ids: readonly string[]): Promise<string[]> {
  const found = await collection.find({ _id: { $in: [...ids] } }).toArray()
  const there = new Set(found.map(({ _id }) => _id))
  return ids.filter((id) => !there.has(id))
}
