import { brand } from '../../model/brand.ts'
import type { Domain } from '../../model/documents.ts'
import { pushAll } from '../../model/push-all.ts'
import { StatusError } from '../../model/status.ts'
import type { Handlers } from '../workspace/middleware.ts'
import type { LogEntry } from '../../storage/contract.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { AsyncTriggerRun } from './async-trigger-run.ts'
import { AsyncTriggerRunner, type RunnerParts } from './async-trigger-runner.ts'
import { DeadLetters, type StoredLetter } from './dead-letters.ts'
import { DocumentHistory } from './document-history.ts'
import { asOfNow, type GoneTrigger, settleGoneTriggers } from './gone-triggers.ts'
import { TriggerCursors, type TriggerPosition } from './trigger-cursors.ts'
import { triggerReport } from './trigger-report.ts'
import { lagOf, statusOf, type TriggerLag, type TriggerStatus } from './trigger-status.ts'
import { TriggerIndex } from '../modules/trigger-index.ts'
import type { AsyncTrigger, Installed } from '../modules/trigger.ts'

/** What administrators see of the asynchronous triggers of a workspace, and may do. */
export interface TriggerAdministration {
  /** @throws StorageError */
  triggers: () => Promise<{ triggers: TriggerStatus[]; gone: readonly GoneTrigger[] }>
  /** Up to `limit` dead letters, in the order of the log. @param trigger `module.name` */
  deadLetters: (
    trigger: string | undefined,
    limit: number,
  ) => Promise<{ letters: StoredLetter[]; total: number }>
  /** @throws StatusError ObjectNotFound */
  deadLetter: (id: string) => Promise<StoredLetter>
  /**
   * Sends a dead letter again, or all of a trigger.
   * @param target id of a dead letter, or `module.name`
   * @returns number of letters that are sent again
   * @throws StatusError ObjectNotFound
   */
  redrive: (target: string) => Promise<number>
}

/** The asynchronous triggers of an open workspace. */
export class AsyncTriggers implements TriggerAdministration {
  readonly #workspace: Workspace
  readonly #index: TriggerIndex<AsyncTrigger>
  readonly #cursors: TriggerCursors
  readonly #letters: DeadLetters
  readonly #history: DocumentHistory
  readonly #runners = new Map<Installed<AsyncTrigger>, AsyncTriggerRunner>()
  readonly #stop = new AbortController()
  #gone: readonly GoneTrigger[] = []

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    this.#index = new TriggerIndex(workspace.modules.async)
    this.#cursors = new TriggerCursors(workspace)
    this.#letters = new DeadLetters(workspace, this.#cursors)
    this.#history = new DocumentHistory(workspace.storage, workspace.model.hierarchy)
  }

  /** Continues with the work that was left when the workspace closed. @throws StorageError */
  async start(handlers: Handlers): Promise<void> {
    const { async: triggers } = this.#workspace.modules
    const stored = await this.#cursors.stored()
    if (triggers.length === 0 && stored.size === 0) return
    const positions = await this.#cursors.read(triggers, stored)
    this.#gone = await settleGoneTriggers(this.#workspace, this.#cursors, stored)
    for (const trigger of triggers) {
      const position = positions.get(trigger.fullName)
      if (position === undefined) continue
      const parts = this.#parts(handlers, trigger)
      const runner = new AsyncTriggerRunner(parts, position, await this.#leftOver(position))
      this.#runners.set(trigger, runner)
    }
    await this.#takeLetters(positions)
    this.#wake()
  }

  /** Entries are durable, and their responses are about to be sent. */
  committed(entries: readonly LogEntry[]): void {
    const last = entries.at(-1)?.seq
    if (this.#runners.size === 0 || last === undefined) return
    const matching = this.#sorted(entries)
    for (const [trigger, runner] of this.#runners) runner.feed.committed(matching.get(trigger) ?? [], last)
    this.#wake()
  }

  /** The log contains entries that {@link committed} did not receive. */
  fellBehind(): void {
    for (const runner of this.#runners.values()) runner.feed.fellBehind()
    this.#wake()
  }

  /** A restore changed documents without the queue. */
  restored(domain: Domain): void {
    if (domain !== this.#cursors.domain) return
    this.#cursors.forget(this.#workspace.modules.async)
    for (const runner of this.#runners.values()) runner.savePosition()
  }

  /** Whether a trigger has work, also where its next run is due later. */
  get isBusy(): boolean {
    return [...this.#runners.values()].some((runner) => runner.isBusy)
  }

  /** Transactions wait for a trigger, of one that is stopped too. */
  get hasBacklog(): boolean {
    return [...this.#runners.values()].some(({ hasBacklog }) => hasBacklog)
  }

  /** Resolves when no trigger has work, or when the workspace closes. */
  async idle(): Promise<void> {
    for (;;) {
      const busy = [...this.#runners.values()].filter((runner) => runner.isBusy)
      if (busy.length === 0) return
      // The changes of one trigger may start another.
      await Promise.all(busy.map((runner) => runner.idle()))
    }
  }

  /** Starts no further runs. Work in progress is left to the next opening, unless it is being committed. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the workspace closes'))
    await Promise.all([...this.#runners.values()].map((runner) => runner.close()))
  }

  /** How far each trigger is behind. */
  lags(): { trigger: string; lag: TriggerLag }[] {
    return [...this.#runners].map(([{ fullName: trigger }, runner]) => ({
      trigger,
      lag: lagOf(this.#workspace, runner),
    }))
  }

  async triggers(): Promise<{ triggers: TriggerStatus[]; gone: readonly GoneTrigger[] }> {
    const triggers = [...this.#runners].map(
      async ([trigger, runner]) =>
        await statusOf(this.#workspace, trigger, { runner, letters: this.#letters }),
    )
    const gone = this.#gone.map((each) => asOfNow(this.#workspace, each))
    return { triggers: await Promise.all(triggers), gone }
  }

  async deadLetters(trigger: string | undefined, limit: number) {
    const found = await this.#letters.find(trigger === undefined ? {} : { trigger }, { limit, total: true })
    return { letters: [...found], total: found.total }
  }

  async deadLetter(_id: string): Promise<StoredLetter> {
    const [letter] = await this.#letters.find({ _id: brand(_id) }, { limit: 1 })
    if (letter === undefined) throw new StatusError('core:status:ObjectNotFound', { _id })
    return letter
  }

  async redrive(target: string): Promise<number> {
    const named = [...this.#runners].find(([{ fullName }]) => fullName === target)
    if (named !== undefined) {
      const [trigger, runner] = named
      const letters = await this.#letters.of(trigger, { state: { $nin: ['again', 'under way'] } })
      await this.#letters.mark(
        letters.map(({ _id }) => _id),
        'again',
      )
      runner.redrive()
      return letters.length
    }
    const letter = await this.deadLetter(target)
    for (const [trigger, runner] of this.#runners) {
      const [own] = await this.#letters.of(trigger, { _id: letter._id })
      if (own === undefined) continue
      if (own.state !== 'again' && own.state !== 'under way') await this.#letters.mark([letter._id], 'again')
      runner.redrive()
      return 1
    }
    throw new StatusError('core:status:ObjectNotFound', { _id: letter.trigger ?? target })
  }

  #wake(): void {
    for (const runner of this.#runners.values()) runner.wake()
  }

  #sorted(entries: readonly LogEntry[]): Map<Installed<AsyncTrigger>, LogEntry[]> {
    const sorted = new Map<Installed<AsyncTrigger>, LogEntry[]>()
    const { hierarchy } = this.#workspace.model
    for (const entry of entries) {
      for (const trigger of this.#index.matching(hierarchy, entry.tx)) {
        const known = sorted.get(trigger)
        if (known === undefined) sorted.set(trigger, [entry])
        else known.push(entry)
      }
    }
    return sorted
  }

  /** The entries that were begun and not done. */
  async #leftOver({ open }: TriggerPosition): Promise<LogEntry[]> {
    const { storage } = this.#workspace
    const entries: LogEntry[] = []
    for (let at = 0; at < open.length;) {
      const from = open[at] ?? 0
      // Those that follow each other are read together.
      let count = 1
      while (open[at + count] === from + count) count += 1
      pushAll(entries, await storage.readLog({ after: from - 1, limit: count }))
      at += count
    }
    return entries
  }

  /** Dead letters that were to be sent again when the workspace closed. */
  async #takeLetters(positions: ReadonlyMap<string, TriggerPosition>): Promise<void> {
    const [any] = await this.#letters.find({ state: { $in: ['again', 'under way'] } }, { limit: 1 })
    if (any === undefined) return
    for (const [trigger, runner] of this.#runners) {
      // Unless the workspace was closed in order, they were under way when the server ended.
      const isInOrder = positions.get(trigger.fullName)?.stopped === true
      for (const { _id } of await this.#letters.of(trigger, { state: 'under way' }))
        await (isInOrder
          ? this.#letters.mark([_id], 'again')
          : this.#letters.giveUp(_id, 'the server ended while it was sent again'))
      runner.redrive()
    }
  }

  #parts(handlers: Handlers, trigger: Installed<AsyncTrigger>): RunnerParts {
    const workspace = this.#workspace
    const { id, clock, generateId, model, modules, storage, turns } = workspace
    const own = new TriggerIndex([trigger])
    const stop = this.#stop.signal
    const history = this.#history
    return {
      workspace: id,
      trigger,
      hierarchy: model.hierarchy,
      sync: modules.sync,
      runs: (settled) => new AsyncTriggerRun({ workspace, handlers, trigger, stop, settled, history }),
      cursors: this.#cursors,
      letters: this.#letters,
      limits: modules.limits,
      unfinished: modules.unfinished,
      exclusive: modules.exclusive,
      now: clock.now,
      generateId,
      turn: () => turns.pause(id),
      ...triggerReport(workspace, trigger),
      stop,
      readLog: (after: number, limit: number) => storage.readLog({ after, limit }),
      matches: ({ tx }: LogEntry) => own.matching(model.hierarchy, tx).length > 0,
      lastSeq: workspace.lastSeq,
    }
  }
}
