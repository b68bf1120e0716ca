import { messageOf } from '../../model/error-details.ts'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { StatusError } from '../../model/status.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { type LogEntry, StorageError } from '../../storage/contract.ts'
import type { AsyncTriggerRun } from './async-trigger-run.ts'
import { generationOf } from '../modules/generation.ts'
import type { TriggerLimits } from '../modules/trigger-limits.ts'
import { TriggerFeed, type FeedSources } from './trigger-feed.ts'
import type { AsyncTrigger, Installed, TriggerFailure } from '../modules/trigger.ts'
import type { TriggerCursors } from './trigger-cursors.ts'

export interface RunnerParts extends FeedSources {
  trigger: Installed<AsyncTrigger>
  run: AsyncTriggerRun
  cursors: TriggerCursors
  limits: TriggerLimits
  /** Logs and counts a failure. */
  report: (failure: TriggerFailure, fields: object) => void
  /** Aborts when the workspace closes. */
  stop: AbortSignal
}

/** Runs one asynchronous trigger over the log, one transaction after another. */
export class AsyncTriggerRunner {
  readonly feed: TriggerFeed
  readonly #parts: RunnerParts
  #unsavedRuns = 0
  /** The saved log position. */
  #saved: number
  /** The position has to be saved: a restore may have replaced it, or the delay has passed. */
  #isDue = false
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  /** The position could not be saved. The trigger stops until the workspace opens again. */
  #isParked = false

  constructor(parts: RunnerParts, cursor: number) {
    this.#parts = parts
    this.#saved = cursor
    this.feed = new TriggerFeed(parts, parts.limits.waiting, cursor)
  }

  /** Starts a run if there is work. */
  wake(): void {
    if (this.#parts.stop.aborted || this.#isParked || this.#running !== undefined) return
    if (!this.feed.isReady && !this.#isUnsaved) return
    this.#running = this.#work().finally(() => {
      this.#running = undefined
      // Work may have arrived since the last check.
      this.wake()
    })
  }

  /** Saves the position again, because it was replaced or removed. */
  savePosition(): void {
    this.#isDue = true
    this.wake()
  }

  get isBusy(): boolean {
    return this.#running !== undefined
  }

  /** Resolves when there is no more work, or when the workspace closes. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  /** Resolves when nothing runs any more, and the position is saved if possible. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.idle()
    if (this.#unsavedRuns === 0 || this.#isParked) return
    const { cursors, trigger } = this.#parts
    // Otherwise these runs are repeated.
    await cursors.advance(trigger, this.feed.done, []).catch(() => undefined)
  }

  get #isUnsaved(): boolean {
    return this.#isDue || this.feed.done - this.#saved >= this.#parts.limits.unsavedEntries
  }

  async #work(): Promise<void> {
    // After the responses.
    await nextTurn()
    try {
      await this.#untilDone()
    } catch (error) {
      if (this.#parts.stop.aborted) return
      this.#isParked = true
      this.#parts.report('parked', { err: error })
    }
  }

  async #untilDone(): Promise<void> {
    const { limits, stop } = this.#parts
    while (!stop.aborted) {
      if (this.feed.isBehind) await this.#patiently(() => this.feed.read())
      const entry = this.feed.next
      if (entry !== undefined) {
        await this.#take(entry)
        this.feed.took(entry)
        if (this.#unsavedRuns >= limits.unsavedRuns) await this.#save()
      } else if (this.#isUnsaved) await this.#save()
      else if (!this.feed.isBehind) break
    }
    if (this.#unsavedRuns > 0) this.#saveLater()
  }

  #saveLater(): void {
    if (this.#parts.stop.aborted) return
    this.#timer ??= setTimeout(() => this.savePosition(), this.#parts.limits.saveDelay).unref()
  }

  /** Runs the trigger for the transaction until it succeeds or is given up. */
  async #take(entry: LogEntry): Promise<void> {
    const { limits, report, run } = this.#parts
    const { count, triggers } = generationOf(entry.tx)
    if (count >= limits.generations) {
      report('loop', { seq: entry.seq, transaction: entry.tx._id, triggers })
      const message = `started by triggers ${count} times in a row: ${triggers.join(' > ')}`
      return await this.#deadLetter(entry, message)
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#made(entry, await run.effects(entry))
      } catch (error) {
        if (this.#parts.stop.aborted) throw error
        if (attempt >= limits.attempts) {
          report('dead-letter', { seq: entry.seq, transaction: entry.tx._id, err: error })
          return await this.#deadLetter(entry, reasonOf(error))
        }
        report('retried', { seq: entry.seq, transaction: entry.tx._id, attempt, err: error })
        await this.#pause(attempt)
      }
    }
  }

  /** @throws StatusError if the transactions of the trigger cannot be committed */
  async #made(entry: LogEntry, effects: readonly TxCUD[]): Promise<void> {
    this.#unsavedRuns += 1
    if (effects.length > 0) await this.#commit(entry, effects)
  }

  async #deadLetter(entry: LogEntry, message: string): Promise<void> {
    await this.#commit(entry, [this.#parts.cursors.deadLetter(this.#parts.trigger, entry, message)])
  }

  async #commit(entry: LogEntry, effects: readonly TxCUD[]): Promise<void> {
    await this.#advance(entry.seq, effects, this.#parts.run.keyOf(entry))
  }

  async #save(): Promise<void> {
    await this.#advance(this.feed.done, [])
  }

  async #advance(seq: number, effects: readonly TxCUD[], key?: string): Promise<void> {
    const { cursors, trigger } = this.#parts
    this.#isDue = false
    await this.#patiently(() => cursors.advance(trigger, seq, effects, key))
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#unsavedRuns = 0
    this.#saved = seq
  }

  /** Waits while storage is unavailable, which does not count as a failure of the trigger. */
  async #patiently<T>(act: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await act()
      } catch (error) {
        if (!(error instanceof StorageError) || this.#parts.stop.aborted) throw error
        if (attempt === 1) this.#parts.report('retried', { err: error })
        await this.#pause(attempt)
      }
    }
  }

  async #pause(attempt: number): Promise<void> {
    const { firstDelay, longestDelay } = this.#parts.limits
    const delay = Math.min(longestDelay, firstDelay * 2 ** Math.min(attempt - 1, 30))
    await wait(delay, undefined, { signal: this.#parts.stop, ref: false })
  }
}

function reasonOf(error: unknown): string {
  return error instanceof StatusError ? error.status.code : messageOf(error)
}
