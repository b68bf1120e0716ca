import type { TxCUD } from '../../model/transactions.ts'
import type { LogEntry } from '../../storage/contract.ts'
import type { Attempt, FailingEntry } from '../modules/module-state.ts'
import type { ModuleRun } from '../modules/run-in-module.ts'
import type { Ref } from '../../model/documents.ts'

/**
 * One transaction for one trigger.
 *
 *                                     +-> ended -> (committed: removed)
 *     waiting -> running -> (returns) +
 *        ^          |                 +-> waiting (the commit is refused: a failure)
 *        |          +-> (fails) -> paused -> waiting
 *        |          |          -> ended with a dead letter
 *        |          +-> hung (its time is over) -> (it ends at last: a failure)
 *        +-------------------------------- paused
 */
export type WorkState =
  /** For its turn among those of its key, then for a free slot. */
  | { name: 'waiting' }
  | { name: 'running' }
  /** Its time is over, but the code goes on. */
  | { name: 'hung' }
  /** Its next run is due later. */
  | { name: 'paused' }
  /** What it made waits for its commit. */
  | { name: 'ended' }

export interface Failures {
  /** Runs that failed. */
  count: number
  /** When the first one failed, in milliseconds since the Unix epoch. */
  first: number
  /** When the next run is due. */
  next: number
  /** The last ones. */
  attempts: readonly Attempt[]
}

export class Work {
  readonly entry: LogEntry
  /** Works of one key take turns. */
  readonly key: string
  /** The key for effects elsewhere, the same in every run. */
  readonly idempotencyKey: string
  /** The dead letter that is sent again. */
  readonly letter: Ref | undefined
  state: WorkState = { name: 'waiting' }
  failures: Failures = { count: 0, first: 0, next: 0, attempts: [] }
  /** Crashes of the server while it was, or may have been, under way. */
  crashes = 0

  constructor(entry: LogEntry, options: { key: string; idempotencyKey: string; letter?: Ref | undefined }) {
    this.entry = entry
    this.key = options.key
    this.idempotencyKey = options.idempotencyKey
    this.letter = options.letter
  }

  /** The fields that log lines name. */
  get fields(): { seq: number; transaction: string; key: string } {
    return { seq: this.entry.seq, transaction: this.entry.tx._id, key: this.key }
  }

  /** @param kept number of attempts that are kept */
  failed(at: number, message: string, kept: number): void {
    const { count, first, attempts } = this.failures
    this.failures = {
      count: count + 1,
      first: count === 0 ? at : first,
      next: at,
      attempts: [...attempts, { at, message }].slice(-kept),
    }
  }
}

/** What a work made, or its dead letter. */
export interface Ended {
  work: Work
  /** Until it is committed, errors that nobody caught fail it. */
  run?: ModuleRun | undefined
  effects: readonly TxCUD[]
  /** The same without its largest part, where that may be too large. */
  smaller?: readonly TxCUD[]
}

export function failingEntry({ entry, failures }: Work): FailingEntry {
  return { seq: entry.seq, ...failures }
}
