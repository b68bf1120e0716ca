import { randomBytes } from 'node:crypto'
import type { AnyBulkWriteOperation, Collection, Filter } from 'mongodb'
import { StorageError } from '../../contract.ts'
import { IncompleteWrite, isDuplicate, isPassing } from '../driver/failure.ts'
import { LogReads, type Tail } from './log-reads.ts'
import { fenceEntry, type StoredEntry } from './stored-document.ts'
import { largest } from '../../../model/largest.ts'

/** Maximum number of claims. Each failure means that another owner wrote to the log. */
const maxTries = 100

/** The last entry, and the fences after it by `seq`. */
interface End {
  last: StoredEntry | undefined
  fences: Map<number, StoredEntry>
}

/**
 * The log of a workspace. Its `_id` is `seq`, so two writers of the same place collide, and the unique index decides
 * who is the owner:
 *
 * - An owner begins by writing a fence, its claim, to the place of the next entry. A former owner's next insert, and
 *   any of its that is still under way, collides there. It stops for good then.
 * - The owner's first entry takes its claim's place, by a replacement that only matches this very fence. From then on
 *   the entries themselves are what a former owner collides with: it knows of none of them.
 * - Entries that are committed together are one ordered bulk, which may reach the server as several commands. Each
 *   tells from where to where they go, and who wrote it. A group that isn't there to its end, all of one owner, was
 *   never acknowledged. Whoever sets the next claim, right behind it, takes it back: nothing can complete it then.
 * - A place that was taken is never free again: fences take the places of a group that is taken back, and the claim
 *   behind it stays. Commands of former owners may come at any time, and each goes on where some place was free once.
 *   Later entries that come to such a place take it as they take that of a claim.
 * - When an owner doesn't know whether its insert happened, it claims anew, under another name: what it sent before is
 *   a former owner's. Thereafter it either did happen or never will, which is what makes reading the log tell the truth.
 *
 * A claim has the next entry's place, so the entries themselves have no gap. It is never read as one of them.
 * `tests/fence/` tries what two owners, delayed commands and crashes can make of this.
 */
export class Log extends LogReads {
  readonly #isRestored: () => boolean
  /** The name of the last claim. */
  #owner = randomBytes(12).toString('hex')
  readonly #owners = new Set([this.#owner])
  /** Fences after the last entry, by `seq`: the claim, and remains of earlier ones. */
  #fences = new Map<number, StoredEntry>()
  #isOwner = false
  #isLost = false

  /** `isRestored`: whether a restore added or removed entries, so that their positions have gaps. */
  constructor(entries: Collection<StoredEntry>, isRestored: () => boolean = () => false) {
    super(entries)
    this.#isRestored = isRestored
  }

  /** Another owner has taken over the workspace. */
  get isLost(): boolean {
    return this.#isLost
  }

  get owner(): string {
    return this.#owner
  }

  /**
   * Takes or keeps the ownership. Resolves with the end of the log, which no other owner can change afterwards.
   * @throws StorageError `conflict` if another owner has taken over
   */
  async takeOver(): Promise<Tail> {
    for (let tries = 0; tries < maxTries; tries++) {
      const tail = await this.#tryClaim()
      if (tail !== undefined) return tail
    }
    // Not a conflict: earlier commands may have succeeded.
    throw new StorageError('unavailable', 'others keep taking over the workspace')
  }

  /** `undefined` if the log changed in the meantime. */
  async #tryClaim(): Promise<Tail | undefined> {
    const before = await this.#end()
    const place = this.#placeOf(before)
    if (this.#isOwner) this.#requireOwn([before.last, before.fences.get(place)])
    const instead = before.fences.get(place)
    const known = [instead, before.last].map((entry) => entry?.['%projected'] ?? 0)
    const claim = this.#newFence(place, largest(known))
    if (!(await this.#put(claim, instead))) return undefined
    const after = await this.#end()
    if (!isSame(before.last, after.last) || !isSame(claim, after.fences.get(place))) return undefined
    const { last } = after
    if (last !== undefined && !this.#isRestored() && !(await this.#isWhole(last))) {
      await this.#takeBack(last)
      return undefined
    }
    this.#fences = after.fences
    this.#isOwner = true
    return { lastSeq: place - 1, projected: claim['%projected'] }
  }

  async #end(): Promise<End> {
    const last = await this.entries
      .find({ '%fence': { $exists: false } })
      .sort({ _id: -1 })
      .limit(1)
      .next()
    const behind = await this.entries.find({ _id: { $gt: last?._id ?? 0 } }).toArray()
    const fences = behind.filter((entry) => entry['%fence'] === true)
    return { last: last ?? undefined, fences: new Map(fences.map((fence) => [fence._id, fence])) }
  }

  /**
   * The position after the last entry. In a restored log, the position after everything ever written, because
   * removals left gaps.
   */
  #placeOf({ last, fences }: End): number {
    if (this.#isRestored()) return largest([this.lastSeq + 1, (last?._id ?? 0) + 1, ...fences.keys()])
    return (last?._id ?? 0) + 1
  }

  /** Everything after the last known entry has to be of this owner. */
  #requireOwn(end: readonly (StoredEntry | undefined)[]): void {
    const isForeign = end.some(
      (entry) => entry !== undefined && entry._id > this.lastSeq && !this.#owners.has(entry['%owner']),
    )
    if (isForeign) this.#lose()
  }

  #lose(): never {
    this.#isLost = true
    throw new StorageError('conflict', 'another owner has taken over the workspace')
  }

  /** Creates a fence with a new name. */
  #newFence(seq: number, projected: number): StoredEntry {
    this.#owner = randomBytes(12).toString('hex')
    this.#owners.add(this.#owner)
    return fenceEntry(seq, this.#owner, projected, randomBytes(12).toString('hex'))
  }

  /** Writes the fence to a free position, or over another fence or entry. Resolves with whether that succeeded. */
  async #put(fence: StoredEntry, instead: StoredEntry | undefined): Promise<boolean> {
    try {
      if (instead === undefined) await this.entries.insertOne(fence)
      else return (await this.entries.replaceOne(only(instead), fence)).matchedCount > 0
      return true
    } catch (error) {
      if (isDuplicate(error)) return false
      throw error
    }
  }

  /** Whether all entries of the last group exist and are of one owner. */
  async #isWhole({ _id, '%first': first, '%last': last, '%owner': owner }: StoredEntry): Promise<boolean> {
    if (_id !== last) return false
    if (first === last) return true
    const group = await this.entries.find({ _id: { $gte: first, $lte: last } }).toArray()
    return (
      group.length === last - first + 1 &&
      group.every(
        (entry) => entry['%owner'] === owner && entry['%first'] === first && entry['%fence'] !== true,
      )
    )
  }

  /**
   * Replaces the entries of an incomplete group with fences. The filters name the owner of the entries, so that a
   * late command does not match later writes.
   */
  async #takeBack({ _id, '%first': first, '%owner': owner }: StoredEntry): Promise<void> {
    const there = await this.entries.find({ _id: { $gte: first, $lte: _id }, '%owner': owner }).toArray()
    const dead = there.filter((entry) => entry['%first'] === first && entry['%fence'] !== true)
    const operations = dead.map((entry) => ({
      replaceOne: { filter: only(entry), replacement: this.#newFence(entry._id, entry['%projected']) },
    }))
    if (operations.length > 0) await this.entries.bulkWrite(operations, { ordered: true })
  }

  /**
   * Appends a group. A failure other than a rejection leaves the outcome unknown; {@link takeOver} determines it.
   * @throws StorageError `conflict` if the log already contains a transaction; then nothing is written
   */
  async append(entries: readonly StoredEntry[]): Promise<void> {
    for (let tries = 0; tries < maxTries; tries++) {
      if (this.#isLost) this.#lose()
      try {
        await this.#insert(entries)
        return
      } catch (error) {
        if (isPassing(error) || !isDuplicate(error)) throw error
        await this.takeOver()
        if (await this.#hasAny(entries))
          throw new StorageError('conflict', 'a transaction is in the log already', { cause: error })
      }
    }
    throw new StorageError('unavailable', 'others keep writing to the log')
  }

  async #insert(entries: readonly StoredEntry[]): Promise<void> {
    const operations = entries.map((entry): AnyBulkWriteOperation<StoredEntry> => {
      const document = { ...entry, '%owner': this.#owner }
      const fence = this.#fences.get(entry._id)
      if (fence === undefined) return { insertOne: { document } }
      // If the fence was replaced, this is an insert that fails with a duplicate key.
      return { replaceOne: { filter: only(fence), replacement: document, upsert: true } }
    })
    const { insertedCount, matchedCount, upsertedCount } = await this.entries.bulkWrite(operations, {
      ordered: true,
    })
    if (insertedCount + matchedCount + upsertedCount !== entries.length) throw new IncompleteWrite()
    for (const { _id } of entries) this.#fences.delete(_id)
  }

  /** Whether the log contains one of these transactions, after a takeover. */
  async #hasAny(entries: readonly StoredEntry[]): Promise<boolean> {
    const ids = entries.map(({ tx }) => tx._id)
    return (await this.entries.findOne({ 'tx._id': { $in: ids } })) !== null
  }

  /** Marks a clean shutdown: the next owner has nothing to replay. Resolves with whether this is still the owner. */
  async seal(): Promise<boolean> {
    const place = this.lastSeq + 1
    const fence = fenceEntry(place, this.#owner, this.lastSeq, randomBytes(12).toString('hex'))
    const isOwn = await this.#put(fence, this.#fences.get(place))
    if (isOwn) this.#fences.set(place, fence)
    return isOwn
  }
}

/** Matches exactly this entry or fence. */
function only({ _id, tx, '%owner': owner }: StoredEntry): Filter<StoredEntry> {
  // Another owner may have received the same transaction.
  return { _id, 'tx._id': tx._id, '%owner': owner }
}

function isSame(one: StoredEntry | undefined, other: StoredEntry | undefined): boolean {
  return one?._id === other?._id && one?.tx._id === other?.tx._id && one?.['%owner'] === other?.['%owner']
}
