import type { Domain } from '../../model/documents.ts'
import type { Handlers } from '../workspace/middleware.ts'
import type { LogEntry } from '../../storage/contract.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { AsyncTriggerRun } from './async-trigger-run.ts'
import { AsyncTriggerRunner } from './async-trigger-runner.ts'
import { TriggerCursors } from './trigger-cursors.ts'
import { TriggerIndex } from '../modules/trigger-index.ts'
import type { AsyncTrigger, Installed, TriggerFailure } from '../modules/trigger.ts'

/** The asynchronous triggers of an open workspace. */
export class AsyncTriggers {
  readonly #workspace: Workspace
  readonly #index: TriggerIndex<AsyncTrigger>
  readonly #cursors: TriggerCursors
  readonly #runners = new Map<Installed<AsyncTrigger>, AsyncTriggerRunner>()
  readonly #stop = new AbortController()

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    this.#index = new TriggerIndex(workspace.modules.async)
    this.#cursors = new TriggerCursors(workspace)
  }

  /** Continues with the work that was left when the workspace closed. @throws StorageError */
  async start(handlers: Handlers): Promise<void> {
    const { async: triggers } = this.#workspace.modules
    if (triggers.length === 0) return
    const positions = await this.#cursors.read(triggers)
    for (const trigger of triggers) {
      const cursor = positions.get(trigger.fullName) ?? this.#workspace.lastSeq()
      this.#runners.set(trigger, this.#runner(handlers, trigger, cursor))
    }
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

  #runner(handlers: Handlers, trigger: Installed<AsyncTrigger>, cursor: number): AsyncTriggerRunner {
    const workspace = this.#workspace
    const { model, modules, storage } = workspace
    const own = new TriggerIndex([trigger])
    const stop = this.#stop.signal
    const parts = {
      trigger,
      run: new AsyncTriggerRun(workspace, handlers, trigger, stop),
      cursors: this.#cursors,
      limits: modules.limits,
      report: (failure: TriggerFailure, fields: object) => this.#report(trigger, failure, fields),
      stop,
      readLog: (after: number, limit: number) => storage.readLog({ after, limit }),
      matches: ({ tx }: LogEntry) => own.matching(model.hierarchy, tx).length > 0,
      lastSeq: workspace.lastSeq,
    }
    return new AsyncTriggerRunner(parts, cursor)
  }

  #report({ fullName: trigger }: Installed<AsyncTrigger>, failure: TriggerFailure, fields: object): void {
    const { id: workspace, logger, modules } = this.#workspace
    modules.observer.triggerFailed(trigger, failure)
    const level = failure === 'retried' ? 'warn' : 'error'
    logger[level]({ workspace, trigger, ...fields }, messages[failure])
  }
}

const messages: Record<TriggerFailure, string> = {
  retried: 'a trigger failed and will be repeated',
  'dead-letter': 'a trigger failed too often: the transaction is set aside as a dead letter',
  parked: 'a trigger stops until the workspace opens again',
  loop: 'triggers start each other without end',
  refused: 'a trigger failed, which rejected the request',
  hung: 'a trigger took too long, which rejected the request',
  paused: 'a trigger hangs, which rejected the request',
}
