import { systemClock } from '../../model/clock.ts'

/** The source of time; tests provide their own. */
export interface Scheduler {
  /** Milliseconds since the Unix epoch. */
  now: () => number
  /** Milliseconds since some moment, for durations: never decreases, also when the date is set back. */
  monotonic: () => number
  /** Calls back once; must not keep the process alive. */
  setTimeout: (callback: () => void, milliseconds: number) => unknown
  clearTimeout: (handle: unknown) => void
}

export const systemScheduler: Scheduler = {
  now: systemClock.now,
  monotonic: systemClock.monotonic,
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds).unref(),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}

/** Cancels a scheduled task. Idempotent. */
export type Cancel = () => void

/** Milliseconds of a slot. */
const RESOLUTION = 100
/** Slots of the fine level. A later task waits in a coarse slot, and moves to its fine slot when that is due. */
const FAR = 1200
const COARSE = 600

/**
 * One timer for any number of tasks: a hierarchical timing wheel of two levels (Varghese and Lauck, 1987).
 * Scheduling and cancelling take constant time, and a tick touches only due tasks. Times are rounded up to
 * {@link RESOLUTION} milliseconds.
 */
export class TimerWheel {
  readonly #scheduler: Scheduler
  readonly #slots = new Map<number, Set<() => void>>()
  #handle: unknown
  #armedFor = Infinity
  #stopped = false

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** Scheduled tasks. */
  get size(): number {
    let size = 0
    for (const slot of this.#slots.values()) size += slot.size
    return size
  }

  schedule(milliseconds: number, task: () => void): Cancel {
    if (this.#stopped) return () => undefined
    const now = this.#scheduler.monotonic()
    const key = Math.ceil((now + milliseconds) / RESOLUTION)
    if (key - now / RESOLUTION < FAR) return this.#put(key, task)
    const due = now + milliseconds
    const coarse = Math.floor(key / COARSE) * COARSE
    let cancel = this.#put(coarse, () => {
      cancel = this.schedule(Math.max(0, due - this.#scheduler.monotonic()), task)
    })
    return () => cancel()
  }

  /** Repeats until cancelled; the next wait starts when the task is called. */
  every(milliseconds: number, task: () => void): Cancel {
    let cancel: Cancel
    const again = (): void => {
      cancel = this.schedule(milliseconds, again)
      task()
    }
    cancel = this.schedule(milliseconds, again)
    return () => cancel()
  }

  /** Cancels all tasks. */
  stop(): void {
    this.#stopped = true
    this.#slots.clear()
    this.#scheduler.clearTimeout(this.#handle)
  }

  #put(key: number, task: () => void): Cancel {
    const slot = this.#slots.get(key) ?? new Set()
    this.#slots.set(key, slot)
    // The same task may be scheduled more than once.
    const entry = (): void => task()
    slot.add(entry)
    if (key < this.#armedFor) this.#arm(key)
    return () => {
      if (slot.delete(entry) && slot.size === 0) this.#slots.delete(key)
    }
  }

  #arm(key: number): void {
    this.#scheduler.clearTimeout(this.#handle)
    this.#armedFor = key
    const wait = Math.max(0, key * RESOLUTION - this.#scheduler.monotonic())
    // A timeout beyond 24 days would overflow and fire at once.
    this.#handle = this.#scheduler.setTimeout(() => this.#tick(), Math.min(wait, 2 ** 31 - 1))
  }

  #tick(): void {
    const now = Math.floor(this.#scheduler.monotonic() / RESOLUTION)
    const due = [...this.#slots.keys()].filter((key) => key <= now).sort((a, b) => a - b)
    this.#armedFor = Infinity
    for (const key of due) this.#runSlot(key)
    if (this.#stopped) return
    let next = Infinity
    for (const key of this.#slots.keys()) if (key < next) next = key
    if (next < this.#armedFor) this.#arm(next)
  }

  #runSlot(key: number): void {
    const slot = this.#slots.get(key)
    if (slot === undefined) return
    this.#slots.delete(key)
    // A task may cancel a later one of the same tick, which is not in the set any more then.
    for (const entry of slot) {
      slot.delete(entry)
      entry()
    }
  }
}
