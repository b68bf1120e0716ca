import type { Logger } from '../../pipeline/shared/logger.ts'

/** Milliseconds in which a limit is logged once. */
const QUIET = 60_000

/** Counts what limits refuse, and logs the first refusal of each limit in a minute. */
export class LimitReports {
  readonly #logger: Logger
  readonly #now: () => number
  readonly #count: (limit: string) => void
  readonly #logged = new Map<string, number>()

  /** @param options `now`: monotonic milliseconds; `count`: the metric */
  constructor(options: { logger: Logger; now: () => number; count: (limit: string) => void }) {
    this.#logger = options.logger
    this.#now = options.now
    this.#count = options.count
  }

  /** @param limit its name; there are few */
  hit(limit: string, fields: object): void {
    this.#count(limit)
    const last = this.#logged.get(limit)
    const now = this.#now()
    if (last !== undefined && now - last < QUIET) return
    this.#logged.set(limit, now)
    this.#logger.warn(
      { limit, ...fields },
      'a limit was reached; more of this minute are counted in the metrics only',
    )
  }
}
