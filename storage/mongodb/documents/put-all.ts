import type { AnyBulkWriteOperation, Collection, Filter } from 'mongodb'
import { IncompleteWrite, isContentError, isDuplicate } from '../driver/failure.ts'
import type { StoredDocument } from '../log/stored-document.ts'

export interface PutAllOptions {
  collection: Collection<StoredDocument>
  /** Reports a document that the server rejects permanently. Resolves with a replacement. */
  refused: (document: StoredDocument, error: unknown) => Promise<StoredDocument | undefined>
}

export interface Putting {
  document: StoredDocument
  /** Replaces documents with a smaller stamp than this. */
  before: number
}

/**
 * Writes documents over older ones. Newer ones stay. Servers differ in how much of a bulk they write if one document
 * fails. So the documents that are not stored are determined by a query and written again, in ever smaller groups,
 * until they are stored or rejected one by one.
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
  // The first failure may have had another cause.
  const again = await attempt([put], options.collection)
  if (again === undefined) return
  if (isDuplicate(again) && (await unwritten([put], options.collection)).length === 0) return
  const instead = await options.refused(put.document, again)
  if (instead !== undefined) await putAll([{ ...put, document: instead }], options)
}

/** The error that prevented part of the bulk, if any. */
async function attempt(puts: readonly Putting[], collection: Collection<StoredDocument>): Promise<unknown> {
  const operations = puts.map(({ document, before }) => replacing(document, before))
  try {
    const { matchedCount, upsertedCount } = await collection.bulkWrite(operations, { ordered: false })
    return matchedCount + upsertedCount === puts.length ? undefined : new IncompleteWrite()
  } catch (error) {
    if (!isDuplicate(error) && !isContentError(error)) throw error
    return error
  }
}

/** The puts whose document is neither stored nor superseded by a newer one. */
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

/** Matches the document with this id unless it is newer. */
export function older(id: string, before: number): Filter<StoredDocument> {
  return { _id: id, '%stamp': { $lt: before } }
}
