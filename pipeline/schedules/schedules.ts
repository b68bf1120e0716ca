import { brand } from '../../model/brand.ts'
import { core } from '../../model/identifiers.ts'
import { planFind } from '../../model/query/plan-find.ts'
import type { DocumentQuery } from '../../model/query/query.ts'
import type { ClassRef } from '../../model/class-ref.ts'
import type { Doc, Ref } from '../../model/documents.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { TransactionFactory } from '../../model/transaction-factory.ts'
import { systemFactory } from '../shared/system-factory.ts'
import type { LogEntry } from '../../storage/contract.ts'
import type { Job } from '../modules/job.ts'
import { moduleOf } from '../modules/installed-modules.ts'
import { type Schedule, scheduleState, type ScheduledRun } from '../modules/schedule-state.ts'
import { realTime, type Schedule as Timer } from '../shared/with-timeout.ts'
import { commitAsSystem } from '../triggers/module-context.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { nextRun } from './next-run.ts'

/** Runs that one commit starts. */
const AT_ONCE = 100
/** Milliseconds after which a wait looks at the date again, which may have been set. */
const LOOK_AGAIN = 60_000
/** Milliseconds until a failed commit of started runs is tried again. */
const TRY_AGAIN = 5000

const { Schedule, ScheduledRun: RunClass } = scheduleState.class

/**
 * Starts the runs of jobs when they are due. A start is a commit; triggers over it run the jobs ({@link jobTrigger}).
 * Each start has an id of its own, so that it is committed once.
 */
export class Schedules {
  readonly #workspace: Workspace
  readonly #timer: Timer
  readonly #crons: ReadonlyMap<string, Job & { cron: string }>
  readonly #isActive: boolean
  #cancel: (() => void) | undefined
  #starting: Promise<void> | undefined
  /** When something is due next, in milliseconds since the epoch. */
  #dueAt: number | undefined
  #isStopped = false
  #waiting: (() => void)[] = []

  constructor(workspace: Workspace, timer: Timer = realTime) {
    this.#workspace = workspace
    this.#timer = timer
    const { jobs } = workspace.modules
    this.#isActive = jobs.size > 0
    this.#crons = new Map(
      [...jobs].flatMap(([name, job]) =>
        job.cron === undefined ? [] : [[name, { ...job, cron: job.cron }]],
      ),
    )
  }

  /** When a run is due next, in milliseconds since the epoch. */
  get dueAt(): number | undefined {
    return this.#dueAt
  }

  get isBusy(): boolean {
    return this.#starting !== undefined
  }

  /** Takes the declared schedules over, and starts what is due. @throws StorageError */
  async start(): Promise<void> {
    if (!this.#isActive) return
    await this.#declare()
    await this.#plan()
  }

  /** Entries are durable: one may be a new run. */
  committed(entries: readonly LogEntry[]): void {
    if (!this.#isActive) return
    for (const { tx } of entries) {
      if (tx._class !== core.class.TxCreateDoc || tx.objectClass !== RunClass) continue
      const { waitsUntil } = tx.attributes
      if (typeof waitsUntil === 'number' && waitsUntil < (this.#dueAt ?? Infinity)) this.#waitFor(waitsUntil)
    }
  }

  /** Resolves when what is due next has been started. */
  async started(): Promise<void> {
    await (this.#starting ?? new Promise<void>((resolve) => this.#waiting.push(resolve)))
  }

  /** Resolves when nothing is being started. */
  async idle(): Promise<void> {
    while (this.#starting !== undefined) await this.#starting
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel?.()
    await this.idle()
  }

  /** Schedules of new jobs begin now; a changed one is planned anew; those of jobs that are gone are removed. */
  async #declare(): Promise<void> {
    const stored = new Map((await this.#find(Schedule, {}, AT_ONCE * 100)).map((doc) => [doc.job, doc]))
    const now = this.#workspace.clock.now()
    const txes: TxCUD[] = []
    for (const [job, { cron, timeZone = 'UTC' }] of this.#crons) {
      const known = stored.get(job)
      stored.delete(job)
      if (known?.cron === cron && known.timeZone === timeZone) continue
      const dueAt = nextRun(cron, timeZone, now)
      if (known !== undefined) txes.push(this.#factory.remove(known))
      if (dueAt === undefined) continue
      // A changed schedule is another document: one transaction must not remove and create the same.
      const _id = brand(`schedule:${job}:${this.#workspace.generateId()}`)
      txes.push(
        this.#factory.create(Schedule, core.space.Configuration, { job, cron, timeZone, dueAt }, { _id }),
      )
    }
    for (const gone of stored.values()) txes.push(this.#factory.remove(gone))
    if (txes.length > 0) await this.#commit(txes)
  }

  /** Reads what is due next, and waits for it. */
  async #plan(): Promise<void> {
    // A run that is committed during the reads may be missing in them: it sets this anew.
    this.#dueAt = undefined
    this.#cancel?.()
    const [[schedule], [run]] = await Promise.all([
      this.#find(Schedule, {}, 1),
      this.#find(RunClass, { waitsUntil: { $exists: true } }, 1),
    ])
    const dueAt = Math.min(schedule?.dueAt ?? Infinity, run?.waitsUntil ?? Infinity)
    if (dueAt < (this.#dueAt ?? Infinity)) this.#waitFor(dueAt)
    else if (this.#dueAt !== undefined) this.#waitFor(this.#dueAt)
  }

  #waitFor(dueAt: number): void {
    this.#dueAt = dueAt
    this.#cancel?.()
    if (this.#isStopped) return
    const milliseconds = Math.max(0, dueAt - this.#workspace.clock.now())
    this.#cancel = this.#timer(Math.min(milliseconds, LOOK_AGAIN), () => this.#look())
  }

  #look(): void {
    const dueAt = this.#dueAt
    if (this.#isStopped || dueAt === undefined || this.#starting !== undefined) return
    if (dueAt > this.#workspace.clock.now()) return this.#waitFor(dueAt)
    this.#starting = this.#startDue().finally(() => {
      this.#starting = undefined
      for (const resolve of this.#waiting.splice(0)) resolve()
    })
  }

  async #startDue(): Promise<void> {
    try {
      while (!this.#isStopped && (await this.#startSome()));
      if (!this.#isStopped) await this.#plan()
    } catch (error) {
      const { id: workspace, logger, clock } = this.#workspace
      logger.error({ err: error, workspace }, 'due runs of jobs could not be started, and are started later')
      this.#waitFor(clock.now() + TRY_AGAIN)
    }
  }

  /** @returns whether more may be due */
  async #startSome(): Promise<boolean> {
    const now = this.#workspace.clock.now()
    const [schedules, runs] = await Promise.all([
      this.#find(Schedule, { dueAt: { $lte: now } }, AT_ONCE),
      this.#find(RunClass, { waitsUntil: { $lte: now } }, AT_ONCE),
    ])
    for (const schedule of schedules) await this.#startCron(schedule, now)
    if (runs.length > 0) await this.#commit(runs.map((run) => this.#started(run)))
    return schedules.length === AT_ONCE || runs.length === AT_ONCE
  }

  /** A module that is off in this workspace has no runs, and neither has a job that no module declares. */
  #started(run: ScheduledRun): TxCUD {
    const { id: workspace, logger, modules } = this.#workspace
    const { job } = run
    const isKnown = modules.jobs.has(job)
    if (!isKnown)
      logger.error({ workspace, job }, 'a run of a job that no module declares is due, and is removed')
    if (!isKnown || !this.#isOn(job)) return this.#factory.remove(run)
    return this.#factory.update(run, { $unset: { waitsUntil: '' } })
  }

  #isOn(job: string): boolean {
    return this.#workspace.settings.isOn(moduleOf(job))
  }

  /** One run, however often the time has come since the last one. */
  async #startCron(schedule: Schedule, now: number): Promise<void> {
    const { _id, job, cron, timeZone, dueAt } = schedule
    const run = { job, dueAt }
    const next = nextRun(cron, timeZone, now)
    const options = { _id: brand(`${_id}:${dueAt}`) as Ref }
    const txes = [
      ...(this.#isOn(job) ? [this.#factory.create(RunClass, core.space.Configuration, run, options)] : []),
      next === undefined ? this.#factory.remove(schedule) : this.#factory.update(schedule, { dueAt: next }),
    ]
    await this.#commit(txes, `${_id}:${dueAt}`)
  }

  async #commit(txes: readonly TxCUD[], key?: string): Promise<void> {
    await commitAsSystem(this.#workspace, txes, key)
  }

  async #find<T extends Schedule | ScheduledRun>(
    _class: ClassRef<T>,
    query: DocumentQuery,
    limit: number,
  ): Promise<T[]> {
    const sort = _class === Schedule ? { dueAt: 1 as const } : { waitsUntil: 1 as const }
    const { model, storage } = this.#workspace
    const plan = planFind(model.hierarchy, _class, query, { sort, limit })
    const docs: Doc[] = await storage.find(plan)
    // The plan finds documents of the class only.
    return docs as T[]
  }

  get #factory(): TransactionFactory {
    return systemFactory(this.#workspace)
  }
}
