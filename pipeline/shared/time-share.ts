import { RoundRobin } from './round-robin.ts'

/** Milliseconds that an item costs at least, so that groups whose items cost nothing take turns. */
const LEAST = 0.01

/**
 * Items that wait for a thread. The next one is of the group that has used the least time since it began to wait:
 * turns by number would give a group with items of 20 ms all of the thread. A group has no credit from before it waited
 * (start-time fair queueing: Goyal, Vin, Cheng 1996). Within a group members take turns.
 */
export class TimeShare<T> {
  readonly #waiting = new Map<unknown, RoundRobin<T>>()
  /** Milliseconds by group, until nothing waits. */
  readonly #used = new Map<unknown, number>()
  readonly #now: () => number
  /** What the group that had the last turn had used. */
  #floor = 0
  #size = 0

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number) {
    this.#now = now
  }

  get size(): number {
    return this.#size
  }

  /** Adds an item behind those of the same member. */
  add(group: unknown, member: unknown, item: T): void {
    let items = this.#waiting.get(group)
    if (items === undefined) {
      this.#waiting.set(group, (items = new RoundRobin()))
      this.#used.set(group, this.#usedBy(group))
    }
    items.add(undefined, member, item)
    this.#size += 1
  }

  /** Takes the next item, and counts the time of its work. */
  run(work: (item: T) => void): void {
    const group = this.#next()
    const items = this.#waiting.get(group)
    const item = items?.take()
    if (items === undefined || item === undefined) return
    this.#size -= 1
    if (items.size === 0) this.#waiting.delete(group)
    const began = this.#now()
    this.#floor = this.#usedBy(group)
    try {
      work(item)
    } finally {
      this.#used.set(group, this.#floor + Math.max(LEAST, this.#now() - began))
      this.#forgetWhenIdle()
    }
  }

  /** Removes the items of a member. */
  remove(group: unknown, member: unknown): void {
    const items = this.#waiting.get(group)
    if (items === undefined) return
    const before = items.size
    items.remove(undefined, member)
    this.#size -= before - items.size
    if (items.size === 0) this.#waiting.delete(group)
    this.#forgetWhenIdle()
  }

  #next(): unknown {
    let [next, least]: [unknown, number] = [undefined, Infinity]
    for (const group of this.#waiting.keys()) {
      const used = this.#usedBy(group)
      if (used < least) [next, least] = [group, used]
    }
    return next
  }

  #usedBy(group: unknown): number {
    return Math.max(this.#floor, this.#used.get(group) ?? 0)
  }

  #forgetWhenIdle(): void {
    if (this.#size > 0) return
    this.#used.clear()
    this.#floor = 0
  }
}
