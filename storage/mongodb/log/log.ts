import { randomBytes } from 'node:crypto'
import type { AnyBulkWriteOperation, Collection, Filter } from 'mongodb'
import { StorageError } from '../../contract.ts'
import { IncompleteWrite, isDuplicate, isTemporary, isUnattributed } from '../driver/failure.ts'
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
 * The log of a workspace. Its `_id` is `seq`, so that two writers of the same position conflict, and the unique index
 * decides who is the owner:
 *
 * - A new owner starts by writing a fence, its claim, at the position of the next entry. The next insert of a former
 *   owner, including one in flight, fails there with a duplicate key. The former owner then stops for good.
 * - The first entry of the owner replaces its claim. The filter of the replacement matches only this fence. From then
 *   on former owners conflict with the entries themselves, which they do not know.
 * - A group of entries is one ordered bulk, which the driver may split into several commands. Each entry contains the
 *   range and the owner of its group. A group that is not complete, or not of one owner, was never acknowledged. The
 *   owner of the next claim, directly after it, takes it back: no command can complete it then.
 * - A position that was used is never free again. Fences replace the entries of a group that is taken back, and the
 *   claim after it stays. Commands of former owners may arrive at any time, and each continues only if its position
 *   was free once. Later entries replace these fences as they replace a claim.
 * - If the outcome of an insert is unknown, the owner claims the log again under another name, which makes its earlier
 *   commands those of a former owner. Afterwards the insert either has succeeded or never will, so that reading the
 *   log tells which.
 *
 * A claim has the position of the next entry, so that entries have no gaps. It is never read as an entry.
 * `tests/fence/` explores two owners with delayed commands and crashes.
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
    const position = this.#positionOf(before)
    if (this.#isOwner) this.#requireOwn([before.last, before.fences.get(position)])
    const instead = before.fences.get(position)
    const known = [instead, before.last].map((entry) => entry?.['%projected'] ?? 0)
    const claim = this.#newFence(position, largest(known))
    if (!(await this.#put(claim, instead))) return undefined
    const after = await this.#end()
    if (!isSame(before.last, after.last) || !isSame(claim, after.fences.get(position))) return undefined
    const { last } = after
    if (last !== undefined && !this.#isRestored() && !(await this.#isWhole(last))) {
      await this.#takeBack(last)
      return undefined
    }
    this.#fences = after.fences
    this.#isOwner = true
    return { lastSeq: position - 1, projected: claim['%projected'] }
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
  #positionOf({ last, fences }: End): number {
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
        if (isTemporary(error) || !(isDuplicate(error) || isUnattributed(error))) throw error
        // FerretDB reports a duplicate key of a replacement as an internal error.
        const suspects = isDuplicate(error) ? entries : entries.filter(({ _id }) => this.#fences.has(_id))
        await this.takeOver()
        if (await this.#hasAny(suspects))
          throw new StorageError('conflict', 'a transaction is already in the log', { cause: error })
        if (!isDuplicate(error)) throw error
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
    if (entries.length === 0) return false
    const ids = entries.map(({ tx }) => tx._id)
    return (await this.entries.findOne({ 'tx._id': { $in: ids } })) !== null
  }

  /** Marks a clean shutdown: the next owner has nothing to replay. Resolves with whether this is still the owner. */
  async seal(): Promise<boolean> {
    const position = this.lastSeq + 1
    const fence = fenceEntry(position, this.#owner, this.lastSeq, randomBytes(12).toString('hex'))
    const isOwn = await this.#put(fence, this.#fences.get(position))
    if (isOwn) this.#fences.set(position, fence)
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
