import { LRUCache } from 'lru-cache'
import { systemClock } from '../../model/clock.ts'
import type { StatusError } from '../../model/status.ts'

/** Milliseconds until a migration that failed runs again. They double with each further failure. */
const FIRST_PAUSE = 1000
const LONGEST_PAUSE = 600_000
/** Migrations of workspaces that are remembered. */
const MAX_FAILURES = 10_000

interface Failure {
  error: StatusError
  count: number
  /** Milliseconds of the monotonic clock. */
  until: number
}

/**
 * The migrations that failed, by workspace, so that a failing one does not run again for each client that wants in. The
 * next start of the process, perhaps with a mended module, runs them at once.
 */
export class MigrationFailures {
  readonly #failures = new LRUCache<string, Failure>({ max: MAX_FAILURES })
  readonly #now: () => number

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number = systemClock.monotonic) {
    this.#now = now
  }

  /** The error, and the milliseconds until the migration runs again; `undefined` if it may run. */
  pausing(workspace: string, migration: string): { error: StatusError; retryAfter: number } | undefined {
    const failure = this.#failures.get(`${workspace} ${migration}`)
    const left = failure === undefined ? 0 : Math.ceil(failure.until - this.#now())
    return failure === undefined || left <= 0 ? undefined : { error: failure.error, retryAfter: left }
  }

  /** Returns the milliseconds until the migration runs again. */
  failed(workspace: string, migration: string, error: StatusError): number {
    const key = `${workspace} ${migration}`
    const count = (this.#failures.get(key)?.count ?? 0) + 1
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(count - 1, 30))
    this.#failures.set(key, { error, count, until: this.#now() + pause })
    return pause
  }

  succeeded(workspace: string, migration: string): void {
    this.#failures.delete(`${workspace} ${migration}`)
  }
}
