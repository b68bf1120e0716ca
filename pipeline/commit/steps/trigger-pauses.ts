import { systemClock } from '../../../model/clock.ts'
import type { TriggerLimits } from '../../modules/trigger-limits.ts'

interface Hangs {
  /** Runs in a row that did not end in time. */
  count: number
  /** Until when the trigger is not run, in milliseconds of the monotonic clock; 0 while it is. */
  until: number
}

/**
 * The synchronous triggers of a workspace that hang. Each run that hangs holds the writer of the workspace for the
 * limit of a run. So after some in a row the trigger is not run for a while, then once, and the pause doubles until a
 * run ends in time.
 */
export class TriggerPauses {
  readonly #now: () => number
  readonly #limits: Pick<TriggerLimits, 'hangs' | 'firstPause' | 'longestPause'>
  readonly #hanging = new Map<string, Hangs>()

  /** @param now milliseconds of a monotonic clock */
  constructor(
    limits: Pick<TriggerLimits, 'hangs' | 'firstPause' | 'longestPause'>,
    now: () => number = systemClock.monotonic,
  ) {
    this.#limits = limits
    this.#now = now
  }

  /** Milliseconds until the trigger runs again; 0: it runs now. */
  remaining(trigger: string): number {
    if (this.#hanging.size === 0) return 0
    const until = this.#hanging.get(trigger)?.until ?? 0
    return Math.max(0, Math.ceil(until - this.#now()))
  }

  /** A run did not end in time. Returns the milliseconds for which the trigger is not run; 0: it is. */
  hung(trigger: string): number {
    const { hangs, firstPause, longestPause } = this.#limits
    const count = (this.#hanging.get(trigger)?.count ?? 0) + 1
    const pause = count < hangs ? 0 : Math.min(longestPause, firstPause * 2 ** Math.min(count - hangs, 30))
    this.#hanging.set(trigger, { count, until: pause === 0 ? 0 : this.#now() + pause })
    return pause
  }

  /** A run ended in time, whatever came of it. */
  ended(trigger: string): void {
    if (this.#hanging.size > 0) this.#hanging.delete(trigger)
  }
}
