import type { Collection, Db, Document } from 'mongodb'
import type { Doc } from '../../../model/documents.ts'
import type { TxCUD } from '../../../model/transactions.ts'
import { restoredTransaction } from '../../shared/restored-transaction.ts'
import { type History, type HistoryCollection, newEpoch, saveHistory } from '../log/workspace-metadata.ts'
import type { Log } from '../log/log.ts'
import { prepareLog } from '../log/log-indexes.ts'
import type { RetryOptions } from '../driver/retry.ts'
import { IncompleteWrite, isContentError } from '../driver/failure.ts'
import { entryText, type StoredEntry, storedEntry } from '../log/stored-document.ts'

const entriesAtOnce = 500

/** Marks the log before it is changed: the next opening sorts it and starts another epoch. */
export async function markRestored(
  meta: HistoryCollection,
  history: History,
  retry: RetryOptions,
): Promise<void> {
  await saveHistory(meta, history, { epoch: newEpoch(), restored: true }, retry)
}

/**
 * Replaces transactions that the log contains. Resolves with the others. `noteText` is called before any is stored as
 * text.
 */
export async function replaceTransactions(
  log: Collection<StoredEntry>,
  docs: readonly Doc[],
  noteText: () => Promise<void>,
): Promise<TxCUD[]> {
  const fresh: TxCUD[] = []
  for (const some of slices(docs)) {
    const ids = some.map(({ _id }) => _id)
    const stored = await log.find({ 'tx._id': { $in: ids } }).toArray()
    const known = new Map(stored.map((entry) => [entry.tx._id, entry]))
    const replaced: StoredEntry[] = []
    for (const doc of some) {
      const entry = known.get(doc._id)
      if (entry === undefined) fresh.push(restoredTransaction(doc))
      else replaced.push(placed(entry, restoredTransaction(doc)))
    }
    await replaceAll(log, replaced, noteText)
  }
  return fresh
}

async function replaceAll(
  log: Collection<StoredEntry>,
  entries: readonly StoredEntry[],
  noteText: () => Promise<void>,
): Promise<void> {
  if (entries.length === 0) return
  if (entries.some((entry) => entry['%text'] !== undefined)) await noteText()
  const replace = (entry: StoredEntry) => ({
    replaceOne: { filter: { _id: entry._id }, replacement: entry },
  })
  try {
    const { matchedCount } = await log.bulkWrite(entries.map(replace), { ordered: true })
    if (matchedCount !== entries.length) throw new IncompleteWrite()
  } catch (error) {
    const [entry] = entries
    if (!isContentError(error) || entry?.['%text'] !== undefined) throw error
    // Content that the server rejects is stored as text.
    if (entries.length === 1) await replaceAll(log, entries.map(entryText), noteText)
    else for (const each of entries) await replaceAll(log, [each], noteText)
  }
}

/** The documents stay unchanged: they are restored separately. */
function placed(entry: StoredEntry, tx: TxCUD): StoredEntry {
  const { _id: seq, request, result } = entry
  const position = { owner: entry['%owner'], projected: entry['%projected'], first: seq, last: seq }
  const stored = storedEntry({ seq, tx, request: request ?? tx._id }, position)
  return result === undefined ? stored : { ...stored, result }
}

export interface Reordering {
  database: Db
  meta: HistoryCollection
  history: History
  /** A log that this process owns. */
  log: Log
  retry: RetryOptions
  /** Reports an index that could not be created. */
  failed: (error: unknown, fields: Record<string, unknown>) => void
}

/**
 * Copies a restored log, sorted by time, to another collection, and switches to that when the copy is complete. The
 * fence at the end of the old log stays, so that a former owner collides with it. Each attempt has its own
 * collection, because two owners may try concurrently; the one whose metadata are saved removes the others.
 * @throws StorageError `conflict` if another owner was faster
 */
export async function reorder({ database, meta, history, log, retry, failed }: Reordering): Promise<number> {
  const { lastSeq, owner } = log
  const from = database.collection<StoredEntry>(history.log)
  const name = `tx.${Number(history.log.split('.')[1] ?? 0) + 1}.${owner}`
  const to = database.collection<StoredEntry>(name)
  await prepareLog(to, failed)
  const positions = await orderOf(from, lastSeq)
  for (const some of slices(positions)) {
    const entries = await from.find({ _id: { $in: some.map(({ seq }) => seq) } }).toArray()
    const bySeq = new Map(entries.map((entry) => [entry._id, entry]))
    const moved = some.flatMap(({ seq, position }) =>
      movedTo(bySeq.get(seq), position, positions.length, owner),
    )
    await to.insertMany(moved)
  }
  await log.takeOver()
  const changes = { log: name, offset: history.offset + lastSeq + 1, restored: false }
  await saveHistory(meta, history, changes, retry)
  await from.deleteMany({ _id: { $lte: lastSeq } })
  await dropOtherLogs(database, [from.collectionName, name])
  return positions.length
}

async function dropOtherLogs(database: Db, kept: readonly string[]): Promise<void> {
  const names = (await database.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
  for (const name of names)
    if (/^tx(?:$|\.)/.test(name) && !kept.includes(name)) await database.dropCollection(name)
}

async function orderOf(
  log: Collection<StoredEntry>,
  lastSeq: number,
): Promise<{ seq: number; position: number }[]> {
  const fields = { projection: { 'tx.modifiedOn': 1 } }
  const found: Document[] = await log.find({ _id: { $lte: lastSeq } }, fields).toArray()
  const entries = found.map(({ _id, tx }) => ({ seq: Number(_id), time: timeOf(tx) }))
  entries.sort((a, b) => a.time - b.time || a.seq - b.seq)
  return entries.map(({ seq }, index) => ({ seq, position: index + 1 }))
}

function timeOf({ modifiedOn }: Document): number {
  return typeof modifiedOn === 'number' ? modifiedOn : 0
}

function movedTo(
  entry: StoredEntry | undefined,
  seq: number,
  projected: number,
  owner: string,
): StoredEntry[] {
  if (entry === undefined) return []
  const position = { _id: seq, '%owner': owner, '%projected': projected, '%first': seq, '%last': seq }
  const moved: StoredEntry = { ...entry, ...position }
  delete moved['%domain']
  return [moved]
}

function slices<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / entriesAtOnce)
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * entriesAtOnce, (index + 1) * entriesAtOnce),
  )
}
