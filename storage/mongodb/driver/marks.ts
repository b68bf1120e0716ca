import type { Collection, Document } from 'mongodb'
import { IncompleteWrite, isDuplicate, isPassing } from './failure.ts'

type MarkCollection = Collection<Document & { _id: string }>

/** Times that marks are written: each failure means that somebody else wrote one of them meanwhile. */
const maxTries = 20

/**
 * Writes small documents by their ids, whoever else does so too. Durable when it resolves.
 * @throws IncompleteWrite when the server goes on leaving some out
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
      if (isPassing(error) || !isDuplicate(error)) throw error
    }
    left = await missing(collection, left)
  }
}

async function missing(collection: MarkCollection, ids: readonly string[]): Promise<string[]> {
  const found = await collection.find({ _id: { $in: [...ids] } }).toArray()
  const there = new Set(found.map(({ _id }) => _id))
  return ids.filter((id) => !there.has(id))
}
