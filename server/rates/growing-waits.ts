import type { RateStore } from './rate-store.ts'

export interface WaitSettings {
  /** Failures before the first wait; 0: there is none. */
  free: number
  /** Milliseconds. */
  longest: number
}

/** Milliseconds of the first wait; each further one is twice as long. */
const FIRST = 1000
/** Milliseconds in which failures are counted. */
const MEMORY = 60 * 60_000

/** Waits that grow with the failures under a key. */
export class GrowingWaits {
  readonly #store: RateStore
  readonly #settings: () => WaitSettings

  /** @param settings as they are now */
  constructor(store: RateStore, settings: () => WaitSettings) {
    this.#store = store
    this.#settings = settings
  }

  /** Milliseconds that are left to wait. */
  async left(key: string): Promise<number> {
    if (this.#settings().free === 0) return 0
    return (await this.#store.peek(waitKey(key)))?.resetsIn ?? 0
  }

  async failed(key: string): Promise<void> {
    const { free, longest } = this.#settings()
    if (free === 0) return
    const { spent } = await this.#store.take(key, 1, MEMORY)
    // The window of this second key is the wait itself.
    if (spent >= free) await this.#store.take(waitKey(key), 1, Math.min(FIRST * 2 ** (spent - free), longest))
  }

  async forget(key: string): Promise<void> {
    await this.#store.forget(key)
    await this.#store.forget(waitKey(key))
  }
}

function waitKey(key: string): string {
  return `wait ${key}`
}
