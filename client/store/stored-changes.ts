import { systemClock } from '../../model/clock.ts'
import type { Tx } from '../../model/transactions.ts'
import type { StoreAccess } from './guarded-store.ts'

/** All that is kept of changes begins with it. */
const ALL = 'change'
const PREFIX = `${ALL}/`
/** The number of the first change that was made without those before it. */
const MARK = `${ALL}s-overtaken`
const DIGITS = 12
/** After all that may be there, where that cannot be told. */
const FAR = 5 * 10 ** (DIGITS - 1)
/** Milliseconds that a number stands for where it is the time's. */
const TICK = 10

type Entries = readonly (readonly [key: string, value: unknown])[]

export interface StoredChangesEvents {
  /** An entry is no change: it is left out. */
  damaged: (error: Error) => void
  /** The store told only now of these of an earlier life, and nothing has been changed before. */
  late: (txes: readonly Tx[]) => void
  /** Newer changes were made without these of an earlier life. They are not kept any more. */
  overtaken: (txes: readonly Tx[]) => void
}

/**
 * Changes that the server has not answered yet, kept in the order they were made in. Where the store does not tell what
 * an earlier life left, that is overtaken by the first change made: a mark in the store says so, should this life not
 * learn of it any more.
 */
export class StoredChanges {
  readonly #store: StoreAccess
  readonly #events: Partial<StoredChangesEvents>
  readonly #now: () => number
  readonly #keys = new Map<string, string>()
  /** The number of this life's first change, and that of the next one. */
  #first = 0
  #next = 0
  #loaded: Promise<Tx[]> | undefined
  #hasAdded = false
  /** It is not known what an earlier life left, and the store has no mark for that. */
  #isUnmarked = false

  /** @param now milliseconds since the epoch: of two lives that do not know of each other the later has higher numbers */
  constructor(
    store: StoreAccess,
    events: Partial<StoredChangesEvents> = {},
    now: () => number = systemClock.now,
  ) {
    this.#store = store
    this.#events = events
    this.#now = now
  }

  /** Those of an earlier life that are to be sent, the oldest first. */
  load(): Promise<Tx[]> {
    this.#loaded ??= this.#load()
    return this.#loaded
  }

  async add(tx: Tx): Promise<void> {
    this.#hasAdded = true
    await this.load()
    await this.#mark()
    if (this.#keys.has(tx._id)) return
    // Its own, also where several pages share the store.
    const key = `${PREFIX}${String(this.#next++).padStart(DIGITS, '0')}/${tx._id}`
    this.#keys.set(tx._id, key)
    await this.#store.set(key, tx)
  }

  async remove(tx: Tx): Promise<void> {
    const key = this.#keys.get(tx._id)
    this.#keys.delete(tx._id)
    if (key !== undefined) await this.#store.delete(key)
  }

  async #load(): Promise<Tx[]> {
    const entries = await this.#store.entries(ALL, (late) => this.#comeLate(late))
    if (entries === undefined) {
      this.#first = this.#next = FAR + Math.floor(this.#now() / TICK)
      this.#isUnmarked = true
      return []
    }
    const mark = markOf(entries)
    this.#next = entries.reduce((most, [key]) => Math.max(most, numberOf(key)), Math.max(mark - 1, -1)) + 1
    return this.#take(entries, mark)
  }

  #comeLate(entries: Entries): void {
    if (this.#hasAdded) {
      void this.#mark()
      const earlier = entries.filter(([key]) => numberOf(key) < this.#first)
      this.#take(earlier, this.#first)
      return
    }
    this.#isUnmarked = false
    const txes = this.#take(entries, markOf(entries))
    if (txes.length > 0) this.#events.late?.(txes)
  }

  async #mark(): Promise<void> {
    if (!this.#isUnmarked) return
    this.#isUnmarked = false
    await this.#store.set(MARK, this.#first, true)
  }

  /** Those that are to be sent. What stands before the mark is told of, and not kept any more. */
  #take(entries: Entries, mark: number): Tx[] {
    const changes = entries.filter(([key]) => key.startsWith(PREFIX)).flatMap((entry) => this.#read(entry))
    const overtaken = changes.filter(({ number }) => number < mark).map(({ tx }) => tx)
    if (overtaken.length > 0) this.#events.overtaken?.(overtaken)
    if (mark > 0) void this.#forget(overtaken)
    return changes.filter(({ number }) => number >= mark).map(({ tx }) => tx)
  }

  /** The mark last: without it they would be sent. */
  async #forget(txes: readonly Tx[]): Promise<void> {
    await Promise.all(txes.map(async (tx) => await this.remove(tx)))
    await this.#store.delete(MARK)
  }

  #read([key, tx]: Entries[number]): { number: number; tx: Tx }[] {
    if (isTransaction(tx)) {
      this.#keys.set(tx._id, key)
      return [{ number: numberOf(key), tx }]
    }
    this.#events.damaged?.(new Error(`the store's entry ${key} is damaged`))
    return []
  }
}

/** -1 where nothing is overtaken. A damaged mark may have been any: all before is. */
function markOf(entries: Entries): number {
  const [, mark] = entries.find(([key]) => key === MARK) ?? []
  if (mark === undefined) return -1
  return typeof mark === 'number' && mark > 0 ? mark : FAR
}

/** -1 of what has none. */
function numberOf(key: string): number {
  if (!key.startsWith(PREFIX)) return -1
  const number = Number(key.slice(PREFIX.length, PREFIX.length + DIGITS))
  return Number.isSafeInteger(number) ? number : -1
}

/** Whether it is a good one is for the server to say. */
function isTransaction(value: unknown): value is Tx {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Tx>)._id === 'string'
}
