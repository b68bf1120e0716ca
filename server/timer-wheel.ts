/** Where time comes from; tests bring their own. */
export interface Scheduler {
  /** Milliseconds since the Unix epoch. */
  now: () => number
  /** Calls back once; must not keep the process alive. */
  setTimeout: (callback: () => void, milliseconds: number) => unknown
  clearTimeout: (handle: unknown) => void
}

export const systemScheduler: Scheduler = {
  now: Date.now,
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds).unref(),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}

/** Cancels what was scheduled. Idempotent. */
export type Cancel = () => void

/** Slots a task waits in at the least, so that one scheduled now is never early. */
const RESOLUTION = 100

/**
 * One timer for any number of waits (a hashed timing wheel with unbounded rounds, Varghese and Lauck 1987):
 * scheduling and cancelling are constant time, and a tick touches only what is due. Waits are rounded up to
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

  get size(): number {
    let size = 0
    for (const slot of this.#slots.values()) size += slot.size
    return size
  }

  schedule(milliseconds: number, task: () => void): Cancel {
    if (this.#stopped) return () => undefined
    const key = Math.ceil((this.#scheduler.now() + milliseconds) / RESOLUTION)
    const slot = this.#slots.get(key) ?? new Set()
    this.#slots.set(key, slot)
    const entry = () => task()
    slot.add(entry)
    if (key < this.#armedFor) this.#arm(key)
    return () => {
      if (slot.delete(entry) && slot.size === 0) this.#slots.delete(key)
    }
  }

  /** Repeats until cancelled; the next wait starts when the task is called. */
  every(milliseconds: number, task: () => void): Cancel {
    let cancel = this.schedule(milliseconds, repeat.bind(this))
    function repeat(this: TimerWheel): void {
      cancel = this.schedule(milliseconds, repeat.bind(this))
      task()
    }
    return () => cancel()
  }

  /** Forgets all waits. */
  stop(): void {
    this.#stopped = true
    this.#slots.clear()
    this.#scheduler.clearTimeout(this.#handle)
  }

  #arm(key: number): void {
    this.#scheduler.clearTimeout(this.#handle)
    this.#armedFor = key
    const wait = Math.max(0, key * RESOLUTION - this.#scheduler.now())
    // A wait beyond 24 days would overflow and fire at once.
    this.#handle = this.#scheduler.setTimeout(() => this.#tick(), Math.min(wait, 2 ** 31 - 1))
  }

  #tick(): void {
    const now = Math.floor(this.#scheduler.now() / RESOLUTION)
    const due = [...this.#slots.keys()].filter((key) => key <= now).sort((a, b) => a - b)
    const tasks = due.flatMap((key) => [...(this.#slots.get(key) ?? [])].map((task) => ({ key, task })))
    this.#armedFor = Infinity
    for (const { key, task } of tasks) {
      // A task may cancel one that is due after it.
      if (this.#slots.get(key)?.delete(task) === true) task()
    }
    for (const key of due) this.#slots.delete(key)
    const next = Math.min(...this.#slots.keys())
    if (Number.isFinite(next) && next < this.#armedFor) this.#arm(next)
  }
}
