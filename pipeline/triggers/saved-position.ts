import { setTimeout as wait } from 'node:timers/promises'
import type { TxCUD } from '../../model/transactions.ts'
import { StorageError } from '../../storage/contract.ts'
import type { TriggerLimits } from '../modules/trigger-limits.ts'
import type { RetrySchedule } from './retry-schedule.ts'
import type { TriggerPosition } from './trigger-cursors.ts'
import type { Work } from './trigger-work.ts'

export interface SavedPositionParts {
  limits: TriggerLimits
  schedule: RetrySchedule
  /** The position once these works are done. */
  position: (done: ReadonlySet<Work>) => TriggerPosition
  /** Commits the position with the effects, once for each key. */
  advance: (position: TriggerPosition, effects: readonly TxCUD[], key: string) => Promise<void>
  generateId: () => string
  /** Storage is unavailable. */
  unavailable: (error: StorageError) => void
  /** The position has to be saved. */
  due: () => void
  stop: AbortSignal
}

interface Advance {
  effects: readonly TxCUD[]
  done: ReadonlySet<Work>
  settled: (() => void) | undefined
}

/** When the position of a trigger is committed: with effects, and in intervals without them. One commit at a time. */
export class SavedPosition {
  readonly #parts: SavedPositionParts
  /** All entries up to this one were done when the position was saved. */
  #seq: number
  /** Runs without effects since then. */
  #runs = 0
  #isDue = false
  #timer: NodeJS.Timeout | undefined
  /** The end of the last commit. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: SavedPositionParts, seq: number) {
    this.#parts = parts
    this.#seq = seq
  }

  get isDue(): boolean {
    const { limits, position } = this.#parts
    if (this.#isDue || this.#runs >= limits.unsavedRuns) return true
    return position(none).seq - this.#seq >= limits.unsavedEntries
  }

  get hasUnsavedRuns(): boolean {
    return this.#runs > 0
  }

  /** Runs ended without effects. */
  ran(count: number): void {
    this.#runs += count
  }

  /** The position was replaced, or must not be lost. */
  demand(): void {
    this.#isDue = true
    this.#parts.due()
  }

  /** Saves the position after a delay, unless a commit does so before. */
  later(): void {
    if (this.#parts.stop.aborted) return
    this.#timer ??= setTimeout(() => this.demand(), this.#parts.limits.saveDelay).unref()
  }

  /**
   * Commits the effects of works, and that they are done. Waits while storage is unavailable.
   * @param settled called as soon as the commit is durable
   * @throws StatusError if the effects cannot be committed
   */
  async advance(effects: readonly TxCUD[], done: ReadonlySet<Work>, settled?: () => void): Promise<void> {
    const former = this.#last
    const turn = this.#advanceAfter(former, { effects, done, settled })
    this.#last = turn.catch(() => undefined)
    await turn
  }

  async save(): Promise<void> {
    await this.advance([], none)
  }

  async #advanceAfter(former: Promise<unknown>, { effects, done, settled }: Advance): Promise<void> {
    await former
    const { advance, generateId, position } = this.#parts
    const next = position(done)
    const key = generateId()
    const runs = this.#runs
    this.#isDue = false
    await this.patiently(() => advance(next, effects, key))
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#runs -= runs
    this.#seq = next.seq
    settled?.()
  }

  cancel(): void {
    clearTimeout(this.#timer)
  }

  /** Waits while storage is unavailable, which is no failure of the trigger. */
  async patiently<T>(act: () => Promise<T>): Promise<T> {
    const { schedule, stop, unavailable } = this.#parts
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await act()
      } catch (error) {
        const isTransient = error instanceof StorageError && error.code !== 'too-large'
        if (!isTransient || stop.aborted) throw error
        if (attempt === 1) unavailable(error)
        await wait(Math.min(schedule.growing(attempt), LONGEST_PAUSE), undefined, {
          signal: stop,
          ref: false,
        })
      }
    }
  }
}

/** Milliseconds. */
const LONGEST_PAUSE = 10_000

const none: ReadonlySet<Work> = new Set()
