import type { Collection, Filter } from 'mongodb'
import type { LogEntry, LogRequest, Prefetched } from '../../contract.ts'
import { entryOf, type StoredEntry } from './stored-document.ts'

/** Maximum number of ids in a query. */
const idsAtOnce = 5000

/** The end of the log. */
export interface Tail {
  lastSeq: number
  /** The documents of later entries may not be written. */
  projected: number
}

/** Queries of the log. */
export class LogReads {
  protected readonly entries: Collection<StoredEntry>
  #lastSeq = 0

  constructor(entries: Collection<StoredEntry>) {
    this.entries = entries
  }

  /** The last committed entry whose documents are written. Later entries are not read. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Entries up to this `seq` are committed, and their documents are written. */
  advance(seq: number): void {
    this.#lastSeq = seq
  }

  async stored({ projected, lastSeq }: Tail): Promise<StoredEntry[]> {
    return await this.entries
      .find({ _id: { $gt: projected, $lte: lastSeq } })
      .sort({ _id: 1 })
      .toArray()
  }

  async read({ after, limit, objectSpace, objectIds }: LogRequest): Promise<LogEntry[]> {
    if (limit <= 0) return []
    const filter: Filter<StoredEntry> = { _id: { $gt: after, $lte: this.lastSeq } }
    if (objectSpace !== undefined) filter['tx.objectSpace'] = objectSpace
    if (objectIds !== undefined) filter['tx.objectId'] = { $in: [...objectIds] }
    const found = await this.entries.find(filter).sort({ _id: 1 }).limit(limit).toArray()
    return found.filter((entry) => entry['%fence'] !== true).map(entryOf)
  }

  /** Entries after a position, including uncommitted ones, which may be taken back. */
  async *after(seq: number): AsyncGenerator<StoredEntry> {
    const cursor = this.entries.find({ _id: { $gt: seq } }).sort({ _id: 1 })
    for await (const entry of cursor) if (entry['%fence'] !== true) yield entry
  }

  /** Entries that name one of these documents, in order, including uncommitted ones. */
  async about(ids: readonly string[]): Promise<StoredEntry[]> {
    const found = await Promise.all(
      slices(ids).flatMap((some) => [
        this.entries.find({ 'tx.objectId': { $in: some } }).toArray(),
        this.entries.find({ 'tx.tx.objectId': { $in: some } }).toArray(),
      ]),
    )
    const distinct = new Map(found.flat().map((entry) => [entry._id, entry]))
    return [...distinct.values()].sort((a, b) => a._id - b._id)
  }

  /** The first result of each id that is a known request or transaction. */
  async results(ids: readonly string[]): Promise<Prefetched['requests']> {
    const unique = [...new Set(ids)]
    const found = await Promise.all(this.#naming(unique).map((filter) => this.entries.find(filter).toArray()))
    const entries = found.flat().sort((a, b) => a._id - b._id)
    const results = new Map<string, { result: unknown }>()
    for (const { tx, request, result } of entries.map(entryOf)) {
      for (const id of [request, tx._id])
        if (results.get(id)?.result === undefined) results.set(id, { result })
    }
    return unique.flatMap((id) => {
      const known = results.get(id)
      return known === undefined ? [] : [{ id, result: known.result }]
    })
  }

  async knows(ids: readonly string[]): Promise<boolean> {
    const found = await Promise.all(this.#naming(ids).map((filter) => this.entries.findOne(filter)))
    return found.some((entry) => entry !== null)
  }

  #naming(ids: readonly string[]): Filter<StoredEntry>[] {
    const known = { _id: { $lte: this.lastSeq } }
    return slices(ids).flatMap((some): Filter<StoredEntry>[] => [
      { 'tx._id': { $in: some }, ...known },
      { request: { $in: some }, ...known },
    ])
  }

  /**
   * Entries that the log does not contain, after a takeover: all or none of a group. Restored entries are separate
   * groups.
   */
  async missing(entries: readonly StoredEntry[]): Promise<readonly StoredEntry[]> {
    const ids = entries.map(({ _id }) => _id)
    const found = await this.entries.find({ _id: { $in: ids } }).toArray()
    const known = new Map(found.map((entry) => [entry._id, entry.tx._id]))
    return entries.filter(({ _id, tx }) => known.get(_id) !== tx._id)
  }

  /** Whether the log contains the entries, after a takeover. */
  async has(entries: readonly StoredEntry[]): Promise<boolean> {
    return (await this.missing(entries.slice(-1))).length === 0
  }
}

function slices(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / idsAtOnce)
  return Array.from({ length: count }, (_, index) => ids.slice(index * idsAtOnce, (index + 1) * idsAtOnce))
}
