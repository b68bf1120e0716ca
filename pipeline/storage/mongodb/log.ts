import { randomBytes } from 'node:crypto'
import type { AnyBulkWriteOperation, Collection, Filter } from 'mongodb'
import { type LogEntry, type Prefetched, StorageError } from '../contract.ts'
import { isDuplicate, isPassing } from './failure.ts'
import { entryOf, fenceEntry, type StoredEntry } from './stored-document.ts'

/** Ids in one query at most. */
const idsAtOnce = 5000
/** Times a fence is set before it is given up: each failure means that somebody else wrote meanwhile. */
const maxTries = 100
/** The driver cuts a bulk beyond 48 MB in two, and the first half could be committed without the second. */
const maxGroupBytes = 40 * 1024 * 1024

/** What was found at the end of the log. */
export interface Tail {
  lastSeq: number
  /** The documents of what comes after are perhaps not written. */
  projected: number
}

/**
 * The log of a workspace. Its `_id` is `seq`, so two writers of the same place collide, and the unique index decides
 * who is the owner:
 *
 * - An owner begins by writing a fence to the place of the next entry. A former owner's next insert, and any of its
 *   that is still under way, collides there. It stops for good then.
 * - The owner's first entry takes its fence's place, by a replacement that only matches this very fence. From then
 *   on the entries themselves are what a former owner collides with: it knows of none of them.
 * - Entries that are committed together are one ordered insert, and each tells from where to where they go. A group
 *   that isn't there to its end was never acknowledged. Whoever sets the next fence takes it back: once the fence
 *   stands after it, nothing can complete it.
 * - When an owner doesn't know whether its insert happened, it sets its fence anew. Thereafter it either did happen
 *   or never will, which is what makes reading the log tell the truth.
 *
 * A fence has the next entry's place, so the entries themselves have no gap. It is never read as one of them.
 */
export class Log {
  readonly #entries: Collection<StoredEntry>
  readonly #owner = randomBytes(12).toString('hex')
  /** The fence that has the place of the next entry, if there is one. */
  #fence: StoredEntry | undefined
  #isOwner = false
  #isLost = false
  /** Of what is committed and in the documents: what comes after isn't read. */
  lastSeq = 0

  constructor(entries: Collection<StoredEntry>) {
    this.#entries = entries
  }

  /** Another owner has taken over. */
  get isLost(): boolean {
    return this.#isLost
  }

  get owner(): string {
    return this.#owner
  }

  /**
   * Becomes the owner, or stays it. Resolves with where the log ends, which nobody else can change from then on.
   * @throws StorageError `conflict` when this was the owner and isn't any more
   */
  async takeOver(): Promise<Tail> {
    for (let tries = 0; tries < maxTries; tries++) {
      const tail = await this.#tryFence()
      if (tail !== undefined) return tail
    }
    throw new StorageError('conflict', 'others keep taking over the workspace')
  }

  /** `undefined`: something changed meanwhile. */
  async #tryFence(): Promise<Tail | undefined> {
    const [head, before] = await this.#entries.find().sort({ _id: -1 }).limit(2).toArray()
    if (this.#isOwner) this.#requireOwn([head, before])
    const fence = this.#newFence(head)
    if (!(await this.#put(fence, head?.['%fence'] === true ? head : undefined))) return undefined
    const last = head?.['%fence'] === true ? before : head
    if (last !== undefined && (last['%fence'] === true || last['%last'] !== last._id)) {
      await this.#takeBack(last, fence)
      return undefined
    }
    this.#fence = fence
    this.#isOwner = true
    return { lastSeq: fence._id - 1, projected: fence['%projected'] }
  }

  /** What comes after the last entry known here has to be of this owner. */
  #requireOwn(entries: readonly (StoredEntry | undefined)[]): void {
    const isForeign = entries.some(
      (entry) => entry !== undefined && entry._id > this.lastSeq && entry['%owner'] !== this.#owner,
    )
    if (isForeign) this.#lose()
  }

  #lose(): never {
    this.#isLost = true
    throw new StorageError('conflict', 'another owner has taken over the workspace')
  }

  #newFence(head: StoredEntry | undefined): StoredEntry {
    const seq = head === undefined ? this.lastSeq + 1 : head['%fence'] === true ? head._id : head._id + 1
    return fenceEntry(seq, this.#owner, head?.['%projected'] ?? 0, randomBytes(12).toString('hex'))
  }

  /** Writes the fence to a free place, or to that of another fence or entry; tells whether it could. */
  async #put(fence: StoredEntry, instead: StoredEntry | undefined): Promise<boolean> {
    try {
      if (instead === undefined) await this.#entries.insertOne(fence)
      else return (await this.#entries.replaceOne(only(instead), fence)).matchedCount > 0
      return true
    } catch (error) {
      if (isDuplicate(error)) return false
      throw error
    }
  }

  /** Removes a group that isn't whole: the fence takes the place of its first entry. */
  async #takeBack(last: StoredEntry, fence: StoredEntry): Promise<void> {
    const first = await this.#entries.findOne({ _id: last['%first'] })
    if (first !== null && first._id < fence._id) {
      const lower = {
        ...fenceEntry(first._id, this.#owner, last['%projected'], randomBytes(12).toString('hex')),
      }
      if (!(await this.#put(lower, first))) return
    }
    await this.#entries.deleteMany({ _id: { $gt: last['%first'], $lte: fence._id } })
  }

  /**
   * Appends what is committed together. When it fails without having been refused, it may have happened: take over
   * then, to know.
   * @throws StorageError `conflict` when a transaction is in the log already: nothing is changed then
   */
  async append(entries: readonly StoredEntry[]): Promise<void> {
    if (this.#isLost) this.#lose()
    try {
      await this.#insert(entries)
    } catch (error) {
      if (isPassing(error) || !isDuplicate(error)) throw error
      await this.takeOver()
      throw new StorageError('conflict', 'a transaction is in the log already', { cause: error })
    }
    this.#fence = undefined
  }

  async #insert(entries: readonly StoredEntry[]): Promise<void> {
    const fence = this.#fence
    const operations = entries.map((entry): AnyBulkWriteOperation<StoredEntry> => {
      if (entry._id !== fence?._id) return { insertOne: { document: entry } }
      // Where the fence isn't any more, this is an insert that collides with what has its place.
      return { replaceOne: { filter: only(fence), replacement: entry, upsert: true } }
    })
    await this.#entries.bulkWrite(operations, { ordered: true })
  }

  /** Whether the entries are in the log, after it was taken over. */
  async has(entries: readonly StoredEntry[]): Promise<boolean> {
    const last = entries.at(-1)
    if (last === undefined) return true
    return (await this.#entries.findOne({ _id: last._id, 'tx._id': last.tx._id })) !== null
  }

  /** The end of a clean run: whoever opens next has nothing to make up for. */
  async seal(): Promise<void> {
    const fence = fenceEntry(this.lastSeq + 1, this.#owner, this.lastSeq, randomBytes(12).toString('hex'))
    if (await this.#put(fence, this.#fence)) this.#fence = fence
  }

  async stored({ projected, lastSeq }: Tail): Promise<StoredEntry[]> {
    return await this.#entries
      .find({ _id: { $gt: projected, $lte: lastSeq } })
      .sort({ _id: 1 })
      .toArray()
  }

  async read(request: { after: number; limit: number; objectSpace?: string }): Promise<LogEntry[]> {
    const { after, limit, objectSpace } = request
    if (limit <= 0) return []
    const filter: Filter<StoredEntry> = { _id: { $gt: after, $lte: this.lastSeq } }
    if (objectSpace !== undefined) filter['tx.objectSpace'] = objectSpace
    const found = await this.#entries.find(filter).sort({ _id: 1 }).limit(limit).toArray()
    return found.filter((entry) => entry['%fence'] !== true).map(entryOf)
  }

  /** What the log has after a place, what is being committed too, and what may be taken back. */
  async *after(seq: number): AsyncGenerator<StoredEntry> {
    const cursor = this.#entries.find({ _id: { $gt: seq } }).sort({ _id: 1 })
    for await (const entry of cursor) if (entry['%fence'] !== true) yield entry
  }

  /** The entries that name one of these objects, in order; those that are being committed too. */
  async about(ids: readonly string[]): Promise<StoredEntry[]> {
    const found = await Promise.all(
      slices(ids).flatMap((some) => [
        this.#entries.find({ 'tx.objectId': { $in: some } }).toArray(),
        this.#entries.find({ 'tx.tx.objectId': { $in: some } }).toArray(),
      ]),
    )
    const distinct = new Map(found.flat().map((entry) => [entry._id, entry]))
    return [...distinct.values()].sort((a, b) => a._id - b._id)
  }

  /** The first result of each id that is known as a request's or a transaction's. */
  async results(ids: readonly string[]): Promise<Prefetched['requests']> {
    const unique = [...new Set(ids)]
    const found = await Promise.all(
      this.#naming(unique).map((filter) => this.#entries.find(filter).toArray()),
    )
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
    const found = await Promise.all(this.#naming(ids).map((filter) => this.#entries.findOne(filter)))
    return found.some((entry) => entry !== null)
  }

  #naming(ids: readonly string[]): Filter<StoredEntry>[] {
    const known = { _id: { $lte: this.lastSeq } }
    return slices(ids).flatMap((some): Filter<StoredEntry>[] => [
      { 'tx._id': { $in: some }, ...known },
      { request: { $in: some }, ...known },
    ])
  }
}

/** Only this very entry or fence. */
function only({ _id, tx }: StoredEntry): Filter<StoredEntry> {
  return { _id, 'tx._id': tx._id }
}

function slices(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / idsAtOnce)
  return Array.from({ length: count }, (_, index) => ids.slice(index * idsAtOnce, (index + 1) * idsAtOnce))
}

export function requireOneMessage(bytes: number): void {
  if (bytes > maxGroupBytes)
    throw new StorageError('full', 'what is to be committed together is larger than one message')
}
