import { setImmediate as tick } from 'node:timers/promises'
import type { Clock } from '../../client/runtime/environment.ts'
import type { Scheduler } from '../../server/time/timer-wheel.ts'

/** A clock that stands still until a test advances it. */
export class FakeScheduler implements Scheduler {
  #elapsed = 0
  /** The date at elapsed time zero, by the current clock. */
  #start = Date.UTC(2026, 10, 21, 12)
  #lastHandle = 0
  /** Timers that were called. */
  calls = 0
  readonly #waiting = new Map<number, { at: number; callback: () => void }>()

  readonly now = (): number => this.#start + this.#elapsed

  readonly monotonic = (): number => this.#elapsed

  get waiting(): number {
    return this.#waiting.size
  }

  readonly setTimeout = (callback: () => void, milliseconds: number): number => {
    this.#lastHandle += 1
    this.#waiting.set(this.#lastHandle, { at: this.#elapsed + milliseconds, callback })
    return this.#lastHandle
  }

  readonly clearTimeout = (handle: unknown): void => {
    this.#waiting.delete(handle as number)
  }

  /** Advances time without calling timers, like a machine that was asleep. */
  jump(milliseconds: number): void {
    this.#elapsed += milliseconds
  }

  /** Sets the date, ahead or back; no time elapses. */
  setDate(milliseconds: number): void {
    this.#start += milliseconds
  }

  /** Advances time, and calls each timer when it is due. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#elapsed + milliseconds
    for (;;) {
      const due = [...this.#waiting].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)[0]
      if (due === undefined) break
      const [handle, { at, callback }] = due
      this.#waiting.delete(handle)
      this.#elapsed = Math.max(this.#elapsed, at)
      this.calls += 1
      callback()
      await tick()
    }
    this.#elapsed = Math.max(this.#elapsed, end)
    await tick()
  }
}

/**
 * The clock of a client at that time.
 *
 * @param jitter milliseconds by which its timers are late
 */
export function fakeClock(time: FakeScheduler, jitter: () => number = () => 0): Clock {
  return {
    now: time.now,
    monotonic: time.monotonic,
    schedule: (milliseconds, callback) => {
      const handle = time.setTimeout(callback, milliseconds + jitter())
      return () => time.clearTimeout(handle)
    },
  }
}
