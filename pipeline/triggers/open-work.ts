import { failingEntry, type Work } from './trigger-work.ts'
import type { TriggerPosition } from './trigger-cursors.ts'

/** The works of a trigger that were begun and are not done. Those of one key take turns, in the order of the log. */
export class OpenWork {
  /** By `seq`, in ascending order. */
  readonly #entries = new Map<number, Work>()
  /** Of dead letters that are sent again. */
  readonly #letters = new Map<string, Work>()
  readonly #keys = new Map<string, Work[]>()
  /** The first works of their keys that may run, in order. */
  readonly #ready: Work[] = []
  readonly #failing = new Set<Work>()

  get size(): number {
    return this.#entries.size + this.#letters.size
  }

  get letters(): number {
    return this.#letters.size
  }

  /** Whether the dead letter is among them. */
  has(letter: string): boolean {
    return this.#letters.has(letter)
  }

  /** Works that failed, and may fail again. */
  get failing(): ReadonlySet<Work> {
    return this.#failing
  }

  *works(): Iterable<Work> {
    yield* this.#entries.values()
    yield* this.#letters.values()
  }

  /** Entries are added in the order of the log. */
  add(work: Work): void {
    if (work.letter === undefined) this.#entries.set(work.entry.seq, work)
    else this.#letters.set(work.letter, work)
    if (work.failures.count > 0) this.#failing.add(work)
    const sameKey = this.#keys.get(work.key)
    if (sameKey !== undefined) sameKey.push(work)
    else {
      this.#keys.set(work.key, [work])
      this.ready(work)
    }
  }

  /** The work may run: it is the first one of its key. */
  ready(work: Work): void {
    work.state = { name: 'waiting' }
    const before = this.#ready.findLastIndex(({ entry }) => entry.seq <= work.entry.seq)
    this.#ready.splice(before + 1, 0, work)
  }

  take(): Work | undefined {
    return this.#ready.shift()
  }

  failed(work: Work): void {
    this.#failing.add(work)
  }

  /** The next work of its key may run. @returns it */
  done(work: Work): Work | undefined {
    if (work.letter === undefined) this.#entries.delete(work.entry.seq)
    else this.#letters.delete(work.letter)
    this.#failing.delete(work)
    const sameKey = this.#keys.get(work.key) ?? []
    sameKey.shift()
    const [next] = sameKey
    if (next === undefined) this.#keys.delete(work.key)
    return next
  }

  /** The position once these works are done. @param reached all entries up to it were begun */
  position(
    reached: number,
    done: ReadonlySet<Work>,
  ): Pick<TriggerPosition, 'seq' | 'reached' | 'open' | 'failing'> {
    const left = [...this.#entries.values()].filter((work) => !done.has(work))
    const [first] = left
    return {
      seq: first === undefined ? reached : first.entry.seq - 1,
      reached,
      open: left.map(({ entry }) => entry.seq),
      failing: left.filter((work) => this.#failing.has(work)).map(failingEntry),
    }
  }
}
