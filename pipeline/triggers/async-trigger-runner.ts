import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LogEntry } from '../../storage/contract.ts'
import type { RunRecord } from '../modules/run-history.ts'
import type { TriggerLimits } from '../modules/trigger-limits.ts'
import type { AsyncTrigger, Installed, TriggerFailure } from '../modules/trigger.ts'
import type { ExclusiveRuns } from '../modules/exclusive-runs.ts'
import type { UnfinishedRuns } from '../modules/unfinished-runs.ts'
import type { AsyncTriggerRun } from './async-trigger-run.ts'
import { CrashMarks } from './crash-marks.ts'
import type { DeadLetters } from './dead-letters.ts'
import { generationOf } from '../modules/generation.ts'
import type { OpenWork } from './open-work.ts'
import { RetrySchedule } from './retry-schedule.ts'
import { SavedPosition } from './saved-position.ts'
import { TriggerCommits, type CommitParts } from './trigger-commits.ts'
import type { TriggerCursors, TriggerPosition } from './trigger-cursors.ts'
import type { FeedSources, TriggerFeed } from './trigger-feed.ts'
import type { Work } from './trigger-work.ts'
import { WorkRuns } from './work-runs.ts'
import { WorkSource } from './work-source.ts'

export interface RunnerParts extends FeedSources, Pick<CommitParts, 'hierarchy' | 'sync'> {
  workspace: string
  trigger: Installed<AsyncTrigger>
  /** Creates the runs. Reads of a run wait until `settled` resolves. */
  runs: (settled: TriggerCommits['settled']) => AsyncTriggerRun
  cursors: TriggerCursors
  letters: DeadLetters
  limits: TriggerLimits
  unfinished: UnfinishedRuns
  exclusive: ExclusiveRuns
  now: () => number
  generateId: () => string
  /** Resolves when other work of the process had its turn; `undefined`: at once. */
  turn: () => Promise<void> | undefined
  /** Logs and counts a failure. */
  report: (failure: TriggerFailure, fields: object) => void
  /** A run has ended. */
  ran: (run: RunRecord) => void
  /** Aborts when the workspace closes. */
  stop: AbortSignal
}

/**
 * Runs one asynchronous trigger over the log. Works of one key have their turns one after another, those of different
 * keys do not wait for each other.
 */
export class AsyncTriggerRunner {
  readonly #parts: RunnerParts
  readonly #works: WorkSource
  readonly #runs: WorkRuns
  readonly #marks: CrashMarks
  readonly #commits: TriggerCommits
  readonly #saved: SavedPosition
  readonly #concurrency: number
  #pumping: Promise<void> | undefined
  #isWoken = false
  /** The position could not be saved. The trigger stops until the workspace opens again. */
  #isParked = false
  #idle: (() => void)[] = []
  /** Ends the turn among runs that are recorded. */
  #endTurn: (() => void) | undefined

  /** @param leftOver the entries of the position that are open, in order */
  constructor(parts: RunnerParts, position: TriggerPosition, leftOver: readonly LogEntry[]) {
    const { limits, trigger, lastSeq } = parts
    this.#parts = parts
    this.#concurrency = Math.min(trigger.concurrency ?? 1, limits.concurrency)
    const schedule = new RetrySchedule(trigger.retry, limits)
    this.#marks = new CrashMarks(position, { limits, end: lastSeq(), concurrency: this.#concurrency })
    this.#commits = this.#createCommits()
    this.#saved = this.#createSaved(schedule, position.seq)
    const run = parts.runs((reading) => this.#commits.settled(reading))
    const patiently = async <T>(act: () => Promise<T>) => await this.#saved.patiently(act)
    const examined = async () => await this.#saveIfDue()
    this.#works = new WorkSource({ ...parts, run, patiently, examined }, position, leftOver)
    this.#runs = new WorkRuns({
      ...parts,
      run,
      open: this.#works.open,
      schedule,
      ended: (ended) => {
        this.#commits.add(ended)
        this.wake()
      },
      changed: (isFailure) => {
        if (isFailure) this.#saved.later()
        this.wake()
      },
    })
  }

  get feed(): TriggerFeed {
    return this.#works.feed
  }

  get open(): OpenWork {
    return this.#works.open
  }

  get isParked(): boolean {
    return this.#isParked
  }

  /** Runs whose time is not over. */
  get running(): number {
    return this.#runs.running
  }

  /** All entries up to this one are done. */
  get position(): number {
    return this.#works.position(none).seq
  }

  /** Starts runs if there is work. */
  wake(): void {
    this.#isWoken = true
    if (this.#isOver) return this.#tellIdle()
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = undefined
      if (this.#isWoken && !this.#isOver) this.wake()
      else this.#tellIdle()
    })
  }

  /** Saves the position again, because it was replaced or removed. */
  savePosition(): void {
    this.#saved.demand()
  }

  /** Dead letters are to be sent again. */
  redrive(): void {
    this.#works.hasLetters = true
    this.wake()
  }

  /** Transactions are not done, also after the trigger was stopped. */
  get hasBacklog(): boolean {
    return this.#works.hasBacklog
  }

  get isBusy(): boolean {
    if (this.#pumping !== undefined) return true
    return !this.#isOver && (this.hasBacklog || this.#works.hasLetters)
  }

  /** Resolves when there is no more work, or when the workspace closes. */
  async idle(): Promise<void> {
    while (this.isBusy) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  /** Resolves when nothing is being committed any more, and the position is saved if possible. */
  async close(): Promise<void> {
    this.#saved.cancel()
    while (this.#pumping !== undefined) await this.#pumping
    await this.#commits.idle()
    this.#endTurn?.()
    this.#tellIdle()
    const stopped = this.hasBacklog
    if (this.#isParked || !(stopped || this.#saved.hasUnsavedRuns)) return
    const { cursors, trigger } = this.#parts
    const position = this.#works.position(none)
    // Otherwise these runs are repeated.
    await cursors.advance(trigger, { ...position, marked: [], stopped }).catch(() => undefined)
  }

  get #isOver(): boolean {
    return this.#parts.stop.aborted || this.#isParked
  }

  #tellIdle(): void {
    if (!this.isBusy) for (const resolve of this.#idle.splice(0)) resolve()
  }

  async #pump(): Promise<void> {
    // After the responses.
    await nextTurn()
    try {
      while (this.#isWoken && !this.#isOver) {
        this.#isWoken = false
        await this.#startAll()
      }
      if (this.#saved.hasUnsavedRuns) this.#saved.later()
    } catch (error) {
      this.#park(error)
    }
  }

  async #startAll(): Promise<void> {
    let until = performance.now() + SLICE
    while (!this.#isOver) {
      if (this.#isQuiet) {
        this.#endTurn?.()
        if (this.#marks.isStale) {
          this.#marks.clear()
          this.#saved.demand()
        }
      }
      await this.#saveIfDue()
      const work = this.#mayStart ? await this.#works.next() : undefined
      if (work === undefined) return
      if (this.#marks.isAlone(work)) {
        if (!this.#isQuiet) return this.open.ready(work)
        this.#endTurn = await this.#parts.exclusive.take()
      }
      await this.#start(work)
      if (performance.now() < until) continue
      // Others have their turns.
      await this.#parts.turn()
      until = performance.now() + SLICE
    }
  }

  async #saveIfDue(): Promise<void> {
    if (!this.#saved.isDue) return
    const { feed } = this.#works
    // What is in the log and starts no run is done.
    if (feed.isBehind) await this.#saved.patiently(() => feed.read())
    await this.#saved.save()
  }

  /** Nothing is under way. */
  get #isQuiet(): boolean {
    return this.running === 0 && this.#commits.size === 0
  }

  get #mayStart(): boolean {
    return this.running < this.#concurrency && this.#commits.size < 2 * this.#parts.limits.batch
  }

  async #start(work: Work): Promise<void> {
    const { letters, limits } = this.#parts
    if (this.#runs.holds(work)) return
    const { count, triggers } = generationOf(work.entry.tx)
    if (count >= limits.generations) {
      const reason = `started by triggers ${count} times in a row: ${triggers.join(' > ')}`
      return this.#runs.giveUp(work, new Error(reason), 'loop', { triggers })
    }
    const decision = this.#marks.decide(work)
    if (decision === 'give-up') {
      const reason = `the server ended ${work.crashes} times while the trigger ran`
      return this.#runs.giveUp(work, new Error(reason), 'crashed')
    }
    if (decision === 'record') this.#marks.record(work)
    if (decision !== 'run') await this.#saved.save()
    const { letter } = work
    if (letter !== undefined) await this.#saved.patiently(() => letters.mark([letter], 'under way'))
    if (!this.#isOver) this.#runs.begin(work)
  }

  #createCommits(): TriggerCommits {
    const { hierarchy, sync, limits, stop } = this.#parts
    return new TriggerCommits({
      hierarchy,
      sync,
      batch: limits.batch,
      stop,
      advance: async (effects, done) =>
        await this.#saved.advance(effects, done, () => {
          for (const work of done) this.#done(work)
        }),
      empty: (works) => {
        this.#saved.ran(works.length)
        // Otherwise a crash would be counted for a run that has ended.
        if (works.some((work) => this.#marks.isMarked(work))) this.#saved.demand()
        for (const work of works) this.#done(work)
      },
      failed: (work, error) => this.#runs.failed(work, error),
      broken: (error) => this.#park(error),
      changed: () => this.wake(),
    })
  }

  #createSaved(schedule: RetrySchedule, seq: number): SavedPosition {
    const { cursors, generateId, limits, report, stop, trigger } = this.#parts
    return new SavedPosition(
      {
        limits,
        schedule,
        position: (done) => ({
          ...this.#works.position(done),
          marked: this.#marks.marked(done),
          stopped: false,
        }),
        advance: async (position, effects, key) => await cursors.advance(trigger, position, effects, key),
        generateId,
        unavailable: (error) => report('retried', { err: error }),
        due: () => this.wake(),
        stop,
      },
      seq,
    )
  }

  #done(work: Work): void {
    if (this.#marks.isMarked(work)) this.#marks.clear()
    const next = this.open.done(work)
    if (next !== undefined) this.open.ready(next)
  }

  #park(error: unknown): void {
    if (this.#isOver) return
    this.#isParked = true
    this.#parts.report('parked', { err: error })
    this.#tellIdle()
  }
}

/** Milliseconds for which runs are started in a row. */
const SLICE = 5

const none: ReadonlySet<Work> = new Set()
