import { isPermanent, retryAfterOf } from '../../model/retry-errors.ts'
import { milliseconds } from '../shared/duration.ts'
import type { TriggerLimits } from '../modules/trigger-limits.ts'
import type { RetryPolicy } from '../modules/trigger.ts'
import type { Failures } from './trigger-work.ts'

/** The longest delay of a timer, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

/** When the runs of a trigger are repeated. */
export class RetrySchedule {
  readonly #time: number
  readonly #max: number
  readonly #first: number
  readonly #attempts: number

  constructor(policy: RetryPolicy = {}, limits: TriggerLimits) {
    this.#time = milliseconds(policy.for ?? limits.retryTime)
    this.#max = milliseconds(policy.max ?? limits.longestDelay)
    this.#first = milliseconds(policy.first ?? limits.firstDelay)
    this.#attempts = policy.attempts ?? limits.attempts
  }

  /**
   * @param failures of the transaction, this one included
   * @param now milliseconds since the Unix epoch
   * @returns milliseconds until the next run; `undefined`: none
   */
  delay({ count, first }: Failures, error: unknown, now: number): number | undefined {
    if (isPermanent(error) || count >= this.#attempts) return undefined
    const left = first + this.#time - now
    if (left <= 0) return undefined
    const asked = retryAfterOf(error)
    // Not sooner than after any other failure.
    const wanted = asked === undefined ? this.growing(count) : Math.max(asked, this.#first)
    // The last run is at the end of the time.
    return Math.min(wanted, left, LONGEST_TIMER)
  }

  /** The delay after the failure of this number, which doubles each time. */
  growing(count: number): number {
    return Math.min(this.#max, this.#first * 2 ** Math.min(count - 1, 30))
  }
}
