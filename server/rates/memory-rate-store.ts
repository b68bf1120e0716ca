import { LRUCache } from 'lru-cache'
import type { Count, RateStore } from './rate-store.ts'

interface Window {
  spent: number
  /** Monotonic milliseconds. */
  endsAt: number
}

/**
 * Counts of this process. It has no timers, and forgets the least recently counted key beyond `keys`. A package such as
 * `rate-limiter-flexible` is for stores outside of the process: its own memory has a timer for each key, no bound, and
 * a clock that moves with the date.
 */
export class MemoryRateStore implements RateStore {
  readonly #windows: LRUCache<string, Window>
  readonly #now: () => number

  /** @param options `keys`: keys that are kept; `now`: monotonic milliseconds */
  constructor({ keys, now }: { keys: number; now: () => number }) {
    this.#windows = new LRUCache({ max: keys })
    this.#now = now
  }

  get size(): number {
    return this.#windows.size
  }

  take(key: string, cost: number, duration: number): Count {
    const now = this.#now()
    let window = this.#windows.get(key)
    if (window === undefined || window.endsAt <= now) {
      window = { spent: 0, endsAt: now + duration }
      this.#windows.set(key, window)
    }
    window.spent += cost
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
}
