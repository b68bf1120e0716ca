import { pushAll } from '../../model/push-all.ts'
import { RoundRobin } from '../shared/round-robin.ts'
import type { Waiting } from './staging.ts'

/** Requests that are not staged yet. Sessions take turns, so that one with many requests delays only its own. */
export class Backlog {
  readonly #waiting = new RoundRobin<Waiting>()
  /** Requests that were taken before. They are staged before all others, in this order. */
  #returned: Waiting[] = []
  /** Requests of a group whose assumption was wrong. They are staged again before all others. */
  readonly #again: Waiting[] = []
  #arrived: (() => void) | undefined

  get size(): number {
    return this.#waiting.size + this.#returned.length + this.#again.length
  }

  /** Whether requests can be staged now: those to be staged again follow a stale group. */
  get isReady(): boolean {
    return this.#waiting.size + this.#returned.length > 0
  }

  get hasRepeated(): boolean {
    return this.#again.length > 0
  }

  add(waiting: Waiting): void {
    // Each session has a caller of its own.
    this.#waiting.add(waiting.caller, undefined, waiting)
    this.#arrived?.()
  }

  /** Resolves when a request is added. */
  arrival(): Promise<void> {
    return new Promise((resolve) => (this.#arrived = resolve))
  }

  /** Removes the next requests, at most this number. */
  take(most: number): Waiting[] {
    const taken = this.#returned.splice(0, most)
    while (taken.length < most) {
      const next = this.#waiting.take()
      if (next === undefined) break
      taken.push(next)
    }
    return taken
  }

  /** Returns requests that were taken and not staged. */
  putBack(left: readonly Waiting[]): void {
    if (left.length > 0) this.#returned = [...left, ...this.#returned]
  }

  /** Adds requests of a failed group, to be staged again. */
  repeat(requests: Iterable<Waiting>): void {
    pushAll(this.#again, requests)
  }

  /** Puts the repeated requests, then those of a stale group, before all others. */
  restage(staged: readonly Waiting[]): void {
    this.#returned = [...this.#again.splice(0), ...staged, ...this.#returned]
  }
}
