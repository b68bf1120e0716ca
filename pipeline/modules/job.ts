import type { z } from 'zod'
import type { TxCUD } from '../../model/transactions.ts'
import type { AsyncContext } from './trigger.ts'

/** What a run of a job gets. */
export interface JobContext extends AsyncContext {
  /** When the run was due, in milliseconds since the epoch. It may have started later. */
  readonly dueAt: number
}

/**
 * Work at a time: by a cron expression, or when `runAfter` or `runAt` of a context asks for it. The returned
 * transactions are committed exactly once for each run; other effects happen at least once. Runs of one job take turns.
 */
export interface Job<P = never> {
  /**
   * Five fields (minute, hour, day of the month, month, day of the week), or six with seconds first. Runs that were due
   * while the server was stopped are made up for by one run.
   */
  cron?: string
  /** The IANA name of the time zone of `cron`: `UTC` by default. */
  timeZone?: string
  /** The schema of the params that `runAfter` and `runAt` pass. A job with `cron` must accept `undefined`. */
  params?: z.ZodType<P>
  run: (context: JobContext, params: P) => readonly TxCUD[] | Promise<readonly TxCUD[]>
}

/**
 * A job whose `run` knows the type of its params.
 * @example
 * const report = job({ cron: '0 8 * * 1', timeZone: 'Europe/Berlin', run: ({ bySystem }) => [...] })
 */
export function job<P>(declared: Job<P>): Job {
  // The server calls `run` only with the output of `params`.
  const erased: unknown = declared
  return erased as Job
}
