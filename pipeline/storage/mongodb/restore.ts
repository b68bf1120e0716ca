import type { Collection, Db, Document } from 'mongodb'
import type { Doc } from '../../../model/documents.ts'
import type { Tx } from '../../../model/transactions.ts'
import { type History, type HistoryCollection, newEpoch, saveHistory } from './history.ts'
import { prepareLog } from './log-indexes.ts'
import { type StoredEntry, storedEntry } from './stored-document.ts'

const entriesAtOnce = 500

/** Whatever changes the log marks it first: the next opening puts it in order, under another epoch. */
export async function markRestored(meta: HistoryCollection, history: History): Promise<void> {
  Object.assign(history, { epoch: newEpoch(), restored: true })
  await saveHistory(meta, history)
}

/** Takes the place of the transactions that the log has; resolves with those that it hasn't. */
export async function replaceTransactions(log: Collection<StoredEntry>, docs: readonly Doc[]): Promise<Tx[]> {
  const fresh: Tx[] = []
  for (const some of slices(docs)) {
    const ids = some.map(({ _id }) => _id)
    const stored = await log.find({ 'tx._id': { $in: ids } }).toArray()
    const known = new Map(stored.map((entry) => [entry.tx._id, entry]))
    const operations = some.flatMap((doc) => {
      const entry = known.get(doc._id)
      if (entry !== undefined)
        return { replaceOne: { filter: { _id: entry._id }, replacement: placed(entry, doc as Tx) } }
      fresh.push(doc as Tx)
      return []
    })
    if (operations.length > 0) await log.bulkWrite(operations, { ordered: true })
  }
  return fresh
}

/** Its documents stay as they are: they are restored by themselves. */
function placed(entry: StoredEntry, tx: Tx): StoredEntry {
  const { _id: seq, request, result } = entry
  const place = { owner: entry['%owner'], projected: entry['%projected'], first: seq, last: seq }
  const stored = storedEntry({ seq, tx, request: request ?? tx._id }, place)
  return result === undefined ? stored : { ...stored, result }
}

export interface Reordering {
  database: Db
  meta: HistoryCollection
  history: History
  lastSeq: number
  owner: string
}

/**
 * Writes a restored log anew, in the order of time, into another collection, and turns to that when it is whole. Of
 * the old one the fence at its end stays: a former owner that is still there collides with it.
 */
export async function reorder({ database, meta, history, lastSeq, owner }: Reordering): Promise<number> {
  const from = database.collection<StoredEntry>(history.log)
  const name = `tx.${Number(history.log.split('.')[1] ?? 0) + 1}`
  const to = database.collection<StoredEntry>(name)
  // Of a try that came to nothing.
  await to.deleteMany({})
  await prepareLog(to)
  const places = await orderOf(from, lastSeq)
  for (const some of slices(places)) {
    const entries = await from.find({ _id: { $in: some.map(({ seq }) => seq) } }).toArray()
    const bySeq = new Map(entries.map((entry) => [entry._id, entry]))
    const moved = some.flatMap(({ seq, place }) => movedTo(bySeq.get(seq), place, places.length, owner))
    await to.insertMany(moved)
  }
  Object.assign(history, { log: name, offset: history.offset + lastSeq + 1, restored: false })
  await saveHistory(meta, history)
  await from.deleteMany({ _id: { $lte: lastSeq } })
  return places.length
}

async function orderOf(
  log: Collection<StoredEntry>,
  lastSeq: number,
): Promise<{ seq: number; place: number }[]> {
  const fields = { projection: { 'tx.modifiedOn': 1 } }
  const found: Document[] = await log.find({ _id: { $lte: lastSeq } }, fields).toArray()
  const entries = found.map(({ _id, tx }) => ({ seq: _id as number, time: timeOf(tx as Document) }))
  entries.sort((a, b) => a.time - b.time || a.seq - b.seq)
  return entries.map(({ seq }, index) => ({ seq, place: index + 1 }))
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
  const { '%domain': _domain, ...rest } = entry
  return [
    {
      ...rest,
      _id: seq,
      '%owner': owner,
      '%projected': projected,
      '%first': seq,
      '%last': seq,
    } as StoredEntry,
  ]
}

function slices<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / entriesAtOnce)
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * entriesAtOnce, (index + 1) * entriesAtOnce),
  )
}
