import { FairSlots } from '../../pipeline/shared/fair-slots.ts'

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
  readonly #slots: FairSlots

  constructor(limits: FairQueueLimits) {
    this.#limits = limits
    this.#slots = new FairSlots(limits.concurrency)
  }

  get waiting(): number {
    return this.#slots.waiting
  }

  hasRoom(key: string): boolean {
    const { waiting, waitingOfKey } = this.#limits
    return this.#slots.waiting < waiting && this.#slots.waitingOf(key) < waitingOfKey
  }

  /** Does the work in its turn. Fails as the work does. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    return await this.#slots.run(key, undefined, work)
  }
}
