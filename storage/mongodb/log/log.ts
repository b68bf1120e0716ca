import { randomBytes } from 'node:crypto'
import type { AnyBulkWriteOperation, Collection, Filter } from 'mongodb'
import { StorageError } from '../../contract.ts'
import { IncompleteWrite, isDuplicate, isPassing } from '../driver/failure.ts'
import { LogReads, type Tail } from './log-reads.ts'
import { fenceEntry, type StoredEntry } from './stored-document.ts'
import { largest } from '../../../model/largest.ts'

/** Times a claim is made before it is given up: each failure means that somebody else wrote meanwhile. */
const maxTries = 100

/** The last entry, and the fences behind it by their places. */
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
  /** Of the last claim. */
  #owner = randomBytes(12).toString('hex')
  readonly #owners = new Set([this.#owner])
  /** Behind the last entry, by place: the claim, and what was left of earlier ones. */
  #fences = new Map<number, StoredEntry>()
  #isOwner = false
  #isLost = false

  /** `isRestored`: whether entries were added and removed by a restore, whose places are not those of a history. */
  constructor(entries: Collection<StoredEntry>, isRestored: () => boolean = () => false) {
    super(entries)
    this.#isRestored = isRestored
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
      const tail = await this.#tryClaim()
      if (tail !== undefined) return tail
    }
    // Not a conflict: what was sent before may have happened.
    throw new StorageError('unavailable', 'others keep taking over the workspace')
  }

  /** `undefined`: something changed meanwhile. */
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

  /** Behind the last entry; of a restored log behind all there ever was, as what was removed left gaps. */
  #placeOf({ last, fences }: End): number {
    if (this.#isRestored()) return largest([this.lastSeq + 1, (last?._id ?? 0) + 1, ...fences.keys()])
    return (last?._id ?? 0) + 1
  }

  /** What comes behind the last entry known here has to be of this owner. */
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

  /** Under a new name. */
  #newFence(seq: number, projected: number): StoredEntry {
    this.#owner = randomBytes(12).toString('hex')
    this.#owners.add(this.#owner)
    return fenceEntry(seq, this.#owner, projected, randomBytes(12).toString('hex'))
  }

  /** Writes the fence to a free place, or to that of another fence or entry; tells whether it could. */
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

  /** Whether all entries of the last one's group are there, and of one owner. */
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
   * Fences take the places of a group that isn't whole. Its entries are named by their owner, so that a command that
   * comes late finds nothing of what was written since.
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
   * Appends what is committed together. When it fails without having been refused, it may have happened: take over
   * then, to know.
   * @throws StorageError `conflict` when a transaction is in the log already: nothing is changed then
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
      // Where the fence isn't any more, this is an insert that collides with what has its place.
      return { replaceOne: { filter: only(fence), replacement: document, upsert: true } }
    })
    const { insertedCount, matchedCount, upsertedCount } = await this.entries.bulkWrite(operations, {
      ordered: true,
    })
    if (insertedCount + matchedCount + upsertedCount !== entries.length) throw new IncompleteWrite()
    for (const { _id } of entries) this.#fences.delete(_id)
  }

  /** Whether one of these transactions is in the log, after it was taken over. */
  async #hasAny(entries: readonly StoredEntry[]): Promise<boolean> {
    const ids = entries.map(({ tx }) => tx._id)
    return (await this.entries.findOne({ 'tx._id': { $in: ids } })) !== null
  }

  /** The end of a clean run: whoever opens next has nothing to make up for. Tells whether this is the owner still. */
  async seal(): Promise<boolean> {
    const place = this.lastSeq + 1
    const fence = fenceEntry(place, this.#owner, this.lastSeq, randomBytes(12).toString('hex'))
    const isOwn = await this.#put(fence, this.#fences.get(place))
    if (isOwn) this.#fences.set(place, fence)
    return isOwn
  }
}

/** Only this very entry or fence. */
function only({ _id, tx, '%owner': owner }: StoredEntry): Filter<StoredEntry> {
  // A client may have sent the same transaction to another owner.
  return { _id, 'tx._id': tx._id, '%owner': owner }
}

function isSame(one: StoredEntry | undefined, other: StoredEntry | undefined): boolean {
  return one?._id === other?._id && one?.tx._id === other?.tx._id && one?.['%owner'] === other?.['%owner']
}
