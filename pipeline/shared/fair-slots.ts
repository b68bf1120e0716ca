import { RoundRobin } from './round-robin.ts'

/** A bounded number of works at once. Those that wait take turns, by group and then by member. */
export class FairSlots {
  readonly #waiting = new RoundRobin<() => void>()
  #free: number

  /** @param slots works at once */
  constructor(slots: number) {
    this.#free = slots
  }

  /** Works that wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Works of the group that wait. */
  waitingOf(group: unknown): number {
    return this.#waiting.sizeOf(group)
  }

  /** Does the work when there is a slot for it. Fails as the work does. */
  async run<T>(group: unknown, member: unknown, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.add(group, member, resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.take()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
