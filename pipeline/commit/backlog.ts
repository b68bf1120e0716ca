import { pushAll } from '../../model/push-all.ts'
import type { Waiting } from './staging.ts'

/** Requests that are not staged yet. */
export class Backlog {
  #waiting: Waiting[] = []
  /** Requests of a group whose assumption was wrong. They are staged again before all others. */
  readonly #again: Waiting[] = []
  #arrived: (() => void) | undefined

  get size(): number {
    return this.#waiting.length + this.#again.length
  }

  /** Whether requests can be staged now: those to be staged again follow a stale group. */
  get isReady(): boolean {
    return this.#waiting.length > 0
  }

  get hasRepeated(): boolean {
    return this.#again.length > 0
  }

  add(waiting: Waiting): void {
    this.#waiting.push(waiting)
    this.#arrived?.()
  }

  /** Resolves when a request is added. */
  arrival(): Promise<void> {
    return new Promise((resolve) => (this.#arrived = resolve))
  }

  /** Removes the first requests, at most this number. */
  take(most: number): Waiting[] {
    return this.#waiting.splice(0, most)
  }

  /** Returns requests that were taken and not staged. */
  putBack(left: readonly Waiting[]): void {
    if (left.length > 0) this.#waiting = [...left, ...this.#waiting]
  }

  /** Adds requests of a failed group, to be staged again. */
  repeat(requests: Iterable<Waiting>): void {
    pushAll(this.#again, requests)
  }

  /** Puts the repeated requests, then those of a stale group, before all others. */
  restage(staged: readonly Waiting[]): void {
    this.#waiting = [...this.#again.splice(0), ...staged, ...this.#waiting]
  }
}
