import { systemClock } from '../../model/clock.ts'
import { isFields } from '../../model/json-value.ts'
import type { Tx } from '../../model/transactions.ts'
import type { StoreAccess } from './guarded-store.ts'

/** The prefix of all keys here. */
const ALL = 'change'
/** The prefix of changes: their keys are `change/NUMBER/ID`. */
const PREFIX = `${ALL}/`
/** The key of the mark: the number of the first change that was made without knowing the earlier ones. */
const MARK = `${ALL}s-overtaken`
const DIGITS = 12
/** Numbers from here on follow all regular ones. They are used when the regular ones are unknown. */
const FAR = 5 * 10 ** (DIGITS - 1)
/** Milliseconds between two consecutive numbers of that kind. */
const TICK = 10

type Entries = readonly (readonly [key: string, value: unknown])[]

export interface StoredChangesEvents {
  /** An entry is no change; it is skipped. */
  damaged: (error: Error) => void
  /** The store returned changes of an earlier client late, and before this client made any. */
  late: (txes: readonly Tx[]) => void
  /** Changes of an earlier client were overtaken by newer ones. They are removed from the store. */
  overtaken: (txes: readonly Tx[]) => void
}

/**
 * Stores the changes that the server has not answered yet, in order. If the store does not return the changes of an
 * earlier client in time, the first new change overtakes them. A mark in the store records that, in case this client ends
 * before it reads them.
 */
export class StoredChanges {
  readonly #store: StoreAccess
  readonly #events: Partial<StoredChangesEvents>
  readonly #now: () => number
  /** Keys in the store, by the ids of the changes. */
  readonly #keys = new Map<string, string>()
  /** The numbers of this client's first change and of the next one. */
  #first = 0
  #next = 0
  #loaded: Promise<Tx[]> | undefined
  #hasAdded = false
  /** The earlier changes are unknown, and the mark is not set. */
  #needsMark = false

  /** @param now milliseconds since the epoch: orders clients that do not know each other's changes */
  constructor(
    store: StoreAccess,
    events: Partial<StoredChangesEvents> = {},
    now: () => number = systemClock.now,
  ) {
    this.#store = store
    this.#events = events
    this.#now = now
  }

  /** The changes of an earlier client that are to be sent, the oldest first. */
  load(): Promise<Tx[]> {
    this.#loaded ??= this.#load()
    return this.#loaded
  }

  async add(tx: Tx): Promise<void> {
    this.#hasAdded = true
    await this.load()
    await this.#setMark()
    if (this.#keys.has(tx._id)) return
    // The id makes it unique when several pages share the store.
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
    const entries = await this.#store.entries(ALL, (late) => this.#loadedLate(late))
    if (entries === undefined) {
      this.#first = this.#next = FAR + Math.floor(this.#now() / TICK)
      this.#needsMark = true
      return []
    }
    const mark = markOf(entries)
    this.#next = entries.reduce((most, [key]) => Math.max(most, numberOf(key)), Math.max(mark - 1, -1)) + 1
    return this.#take(entries, mark)
  }

  #loadedLate(entries: Entries): void {
    if (this.#hasAdded) {
      void this.#setMark()
      const earlier = entries.filter(([key]) => numberOf(key) < this.#first)
      this.#take(earlier, this.#first)
      return
    }
    this.#needsMark = false
    const txes = this.#take(entries, markOf(entries))
    if (txes.length > 0) this.#events.late?.(txes)
  }

  async #setMark(): Promise<void> {
    if (!this.#needsMark) return
    this.#needsMark = false
    await this.#store.set(MARK, this.#first, true)
  }

  /** Returns the changes that are to be sent. Those before the mark are overtaken. */
  #take(entries: Entries, mark: number): Tx[] {
    const changes = entries.filter(([key]) => key.startsWith(PREFIX)).flatMap((entry) => this.#read(entry))
    const overtaken = changes.filter(({ number }) => number < mark).map(({ tx }) => tx)
    if (overtaken.length > 0) this.#events.overtaken?.(overtaken)
    if (mark > 0) void this.#forget(overtaken)
    return changes.filter(({ number }) => number >= mark).map(({ tx }) => tx)
  }

  /** Deletes the mark last: without it these changes would be sent. */
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

/** -1 without a mark: nothing is overtaken. With a damaged mark everything before `FAR` is. */
function markOf(entries: Entries): number {
  const [, mark] = entries.find(([key]) => key === MARK) ?? []
  if (mark === undefined) return -1
  return typeof mark === 'number' && mark > 0 ? mark : FAR
}

/** -1 for a key without a number. */
function numberOf(key: string): number {
  if (!key.startsWith(PREFIX)) return -1
  const number = Number(key.slice(PREFIX.length, PREFIX.length + DIGITS))
  return Number.isSafeInteger(number) ? number : -1
}

/** The server validates the rest. */
function isTransaction(value: unknown): value is Tx {
  return isFields(value) && typeof value['_id'] === 'string'
}
