import type { AnyBulkWriteOperation, Collection, Filter } from 'mongodb'
import { IncompleteWrite, isAboutContent, isDuplicate } from '../driver/failure.ts'
import type { StoredDocument } from '../log/stored-document.ts'

export interface PutAllOptions {
  collection: Collection<StoredDocument>
  /** Told of what the server refuses for good; tells what to write instead. */
  refused: (document: StoredDocument, error: unknown) => Promise<StoredDocument | undefined>
}

export interface Putting {
  document: StoredDocument
  /** Takes the place of what has a lesser stamp. */
  before: number
}

/**
 * Writes documents, each over what is older. What is there and newer stays. Servers differ in how far they come when
 * one of many can't be written: what was not written is told by what is there, and written again, in ever smaller
 * groups, until it is there or known to be refused.
 */
export async function putAll(puts: readonly Putting[], options: PutAllOptions): Promise<void> {
  if ((await attempt(puts, options.collection)) === undefined) return
  const left = await unwritten(puts, options.collection)
  if (left.length > 1 && left.length === puts.length) {
    const middle = Math.ceil(left.length / 2)
    await putAll(left.slice(0, middle), options)
    await putAll(left.slice(middle), options)
  } else if (puts.length > 1) {
    if (left.length > 0) await putAll(left, options)
  } else {
    for (const put of left) await putRefused(put, options)
  }
}

async function putRefused(put: Putting, options: PutAllOptions): Promise<void> {
  // What went wrong once may have been something else.
  const again = await attempt([put], options.collection)
  if (again === undefined) return
  if (isDuplicate(again) && (await unwritten([put], options.collection)).length === 0) return
  const instead = await options.refused(put.document, again)
  if (instead !== undefined) await putAll([{ ...put, document: instead }], options)
}

/** What kept some of it from being written, if something did. */
async function attempt(puts: readonly Putting[], collection: Collection<StoredDocument>): Promise<unknown> {
  const operations = puts.map(({ document, before }) => replacing(document, before))
  try {
    const { matchedCount, upsertedCount } = await collection.bulkWrite(operations, { ordered: false })
    return matchedCount + upsertedCount === puts.length ? undefined : new IncompleteWrite()
  } catch (error) {
    if (!isDuplicate(error) && !isAboutContent(error)) throw error
    return error
  }
}

/** Those whose place is not taken by themselves or by something newer. */
async function unwritten(
  puts: readonly Putting[],
  collection: Collection<StoredDocument>,
): Promise<Putting[]> {
  const ids = puts.map(({ document }) => document._id)
  const found = await collection.find({ _id: { $in: ids } }, { projection: { '%stamp': 1 } }).toArray()
  const stamps = new Map(found.map((stored) => [stored._id, stored['%stamp']]))
  return puts.filter(({ document, before }) => !((stamps.get(document._id) ?? -Infinity) >= before))
}

function replacing(document: StoredDocument, before: number): AnyBulkWriteOperation<StoredDocument> {
  return { replaceOne: { filter: older(document._id, before), replacement: document, upsert: true } }
}

/** What is there with that id, unless it is newer. */
export function older(id: string, before: number): Filter<StoredDocument> {
  return { _id: id, '%stamp': { $lt: before } }
}
