import type { Count, RateStore } from './rate-store.ts'

interface Window {
  spent: number
  /** Monotonic milliseconds. */
  endsAt: number
}

/**
 * Counts of this process. It has no timers. Beyond `keys` it forgets the least recently counted one. A package such as
 * `rate-limiter-flexible` is for stores outside of the process: its own memory has a timer for each key, no bound, and
 * a clock that moves with the date.
 */
export class MemoryRateStore implements RateStore {
  /** In the order in which they were last counted. A cache with a fixed size would allocate all of it at once. */
  readonly #windows = new Map<string, Window>()
  readonly #keys: number
  readonly #now: () => number

  /** @param options `keys`: keys that are kept; `now`: monotonic milliseconds */
  constructor({ keys, now }: { keys: number; now: () => number }) {
    this.#keys = keys
    this.#now = now
  }

  get size(): number {
    return this.#windows.size
  }

  take(key: string, cost: number, duration: number): Count {
    const now = this.#now()
    let window = this.#windows.get(key)
    if (window === undefined || window.endsAt <= now) window = { spent: 0, endsAt: now + duration }
    window.spent += cost
    this.#windows.delete(key)
    this.#windows.set(key, window)
    if (this.#windows.size > this.#keys) this.#forgetFirst()
    return { spent: window.spent, resetsIn: window.endsAt - now }
  }

  peek(key: string): Count | undefined {
    const window = this.#windows.get(key)
    const resetsIn = (window?.endsAt ?? 0) - this.#now()
    return window === undefined || resetsIn <= 0 ? undefined : { spent: window.spent, resetsIn }
  }

  forget(key: string): void {
    this.#windows.delete(key)
  }

  #forgetFirst(): void {
    for (const key of this.#windows.keys()) {
      this.#windows.delete(key)
      return
    }
  }
}
