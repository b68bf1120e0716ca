export interface FairQueueLimits {
  /** Work that is done at once. */
  concurrency: number
  /** Work that may wait. */
  waiting: number
  /** The same, for one key. */
  waitingOfKey: number
}

/** Work takes turns by key, a bounded amount at once: whoever brings much waits behind it, and not in front of others. */
export class FairQueue {
  readonly #limits: FairQueueLimits
  /** The key whose turn is next is the first. */
  readonly #waiting = new Map<string, (() => void)[]>()
  #count = 0
  #running = 0

  constructor(limits: FairQueueLimits) {
    this.#limits = limits
  }

  get waiting(): number {
    return this.#count
  }

  hasRoom(key: string): boolean {
    const { waiting, waitingOfKey } = this.#limits
    return this.#count < waiting && (this.#waiting.get(key)?.length ?? 0) < waitingOfKey
  }

  /** Does the work in its turn. Fails as the work does. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limits.concurrency) this.#running += 1
    else await this.#turn(key)
    try {
      return await work()
    } finally {
      this.#pass()
    }
  }

  async #turn(key: string): Promise<void> {
    await new Promise<void>((resolve) => {
      const own = this.#waiting.get(key)
      this.#count += 1
      if (own === undefined) this.#waiting.set(key, [resolve])
      else own.push(resolve)
    })
  }

  /** Hands the place of work that has ended to the next key. */
  #pass(): void {
    for (const [key, own] of this.#waiting) {
      this.#waiting.delete(key)
      const next = own.shift()
      if (own.length > 0) this.#waiting.set(key, own)
      this.#count -= 1
      next?.()
      return
    }
    this.#running -= 1
  }
}
