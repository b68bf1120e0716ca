import { setTimeout as wait } from 'node:timers/promises'
import { generationOf } from '../modules/generation.ts'
import type { RunRecord } from '../modules/run-history.ts'
import type { TriggerLimits } from '../modules/trigger-limits.ts'
import type { AsyncTrigger, Installed, TriggerFailure } from '../modules/trigger.ts'
import type { UnfinishedRuns } from '../modules/unfinished-runs.ts'
import type { AsyncTriggerRun, Begun } from './async-trigger-run.ts'
import { type DeadLetters, reasonOf } from './dead-letters.ts'
import type { OpenWork } from './open-work.ts'
import type { RetrySchedule } from './retry-schedule.ts'
import type { Ended, Work } from './trigger-work.ts'

export interface WorkRunsParts {
  workspace: string
  trigger: Installed<AsyncTrigger>
  run: AsyncTriggerRun
  open: OpenWork
  letters: DeadLetters
  schedule: RetrySchedule
  limits: TriggerLimits
  unfinished: UnfinishedRuns
  now: () => number
  /** The effects wait for their commit. */
  ended: (ended: Ended) => void
  /** Works may run now, or the attempts of one have to be saved. */
  changed: (isFailure: boolean) => void
  /** Logs and counts a failure. */
  report: (failure: TriggerFailure, fields: object) => void
  /** A run has ended. */
  ran: (run: RunRecord) => void
  stop: AbortSignal
}

/** The runs of one trigger, and what becomes of those that fail. */
export class WorkRuns {
  readonly #parts: WorkRunsParts
  /** Runs whose time is not over. */
  #running = 0

  constructor(parts: WorkRunsParts) {
    this.#parts = parts
  }

  get running(): number {
    return this.#running
  }

  /** Whether the work has to wait: for its next run, or for an earlier run of its key that goes on beyond its time. */
  holds(work: Work): boolean {
    const { now, report, trigger, unfinished, workspace } = this.#parts
    const former = unfinished.of(workspace, trigger.fullName, work.key)
    if (former !== undefined) {
      report('hung', work.fields)
      work.state = { name: 'hung' }
      void former.then(() => this.#again(work))
      return true
    }
    const { count, next } = work.failures
    const delay = count > 0 ? next - now() : 0
    if (delay > 0) this.#pause(work, delay)
    return delay > 0
  }

  begin(work: Work): void {
    const { now, run, trigger, unfinished, workspace } = this.#parts
    work.state = { name: 'running' }
    this.#running += 1
    const began = { at: now(), from: performance.now() }
    const begun = run.begin(work)
    unfinished.add(workspace, trigger.fullName, work.key, begun.ended)
    begun.effects.then(
      (effects) => this.#returned(work, begun.run, effects, began),
      (error: unknown) => this.#threw(work, begun, error, began),
    )
  }

  /** A run failed, or its effects were refused: it is repeated, or becomes a dead letter. */
  failed(work: Work, error: unknown): void {
    const { changed, limits, now, open, report, schedule, stop } = this.#parts
    // Whatever was not done is left to the next opening.
    if (stop.aborted) return
    work.failed(now(), reasonOf(error), limits.keptAttempts)
    open.failed(work)
    const delay = schedule.delay(work.failures, error, now())
    if (delay === undefined) return this.giveUp(work, error, 'dead-letter')
    const { count } = work.failures
    report('retried', { ...work.fields, attempt: count, delay, err: error })
    work.failures.next = now() + delay
    this.#pause(work, delay)
    changed(true)
  }

  /** The work becomes a dead letter. */
  giveUp(work: Work, error: unknown, failure: TriggerFailure, fields: object = {}): void {
    const { ended, letters, report, trigger } = this.#parts
    report(failure, { ...work.fields, ...fields, err: error })
    work.state = { name: 'ended' }
    const effects = [letters.write(trigger, work, error, { isWhole: true })]
    ended({ work, effects, smaller: [letters.write(trigger, work, error, { isWhole: false })] })
  }

  #returned(work: Work, run: Begun['run'], effects: Ended['effects'], began: Began): void {
    const { ended, letters } = this.#parts
    this.#over(work, began, { outcome: 'done', made: effects.length })
    work.state = { name: 'ended' }
    const { letter } = work
    ended({ work, run, effects: letter === undefined ? effects : [...effects, letters.removal(letter)] })
  }

  #threw(work: Work, { run }: Begun, error: unknown, began: Began): void {
    run.abandon()
    this.#over(work, began, { outcome: 'failed', message: reasonOf(error), made: 0 })
    this.failed(work, error)
  }

  #over(work: Work, { at, from }: Began, outcome: Pick<RunRecord, 'outcome' | 'message' | 'made'>): void {
    this.#running -= 1
    const { ran } = this.#parts
    const causes = generationOf(work.entry.tx).triggers
    ran({ ...work.fields, causes, at, milliseconds: performance.now() - from, ...outcome })
  }

  #pause(work: Work, delay: number): void {
    const { stop } = this.#parts
    work.state = { name: 'paused' }
    const due = () => {
      // Whatever the clock says.
      work.failures.next = 0
      this.#again(work)
    }
    wait(delay, undefined, { signal: stop, ref: false }).then(due, () => undefined)
  }

  #again(work: Work): void {
    if (this.#parts.stop.aborted) return
    this.#parts.open.ready(work)
    this.#parts.changed(false)
  }
}

interface Began {
  /** Milliseconds since the Unix epoch. */
  at: number
  /** Milliseconds of a monotonic clock. */
  from: number
}
