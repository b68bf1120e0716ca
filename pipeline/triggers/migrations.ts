import { setTimeout as wait } from 'node:timers/promises'
import { StatusError } from '../../model/status.ts'
import type { MigrationStats } from '../push/workspace-listener.ts'
import { systemCaller } from '../shared/caller.ts'
import type { Handlers } from '../workspace/middleware.ts'
import {
  asDocumentMigration,
  isWholeMigration,
  type Migration,
  type WholeMigration,
} from '../modules/module.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { moduleOf } from '../modules/installed-modules.ts'
import { runInModule } from '../modules/run-in-module.ts'
import { DocumentMigrationRun } from './document-migration-run.ts'
import { BadDocument } from './migration-batch.ts'
import { MigrationRecords } from './migration-records.ts'
import { moduleContextFor } from './module-context.ts'

/** Milliseconds between two lines of the log about the progress of a migration. */
const LOG_EVERY = 10_000

export interface MigrationOptions {
  /** A migration that holds up the opening has come on. */
  migrating: (stats: MigrationStats) => void
  /** Aborts when the workspace closes. */
  stop: AbortSignal
}

interface Pending {
  /** `module.name` */
  name: string
  module: string
  migration: Migration
}

/** The migrations of an open workspace: those before it opens to people, then those beside them. */
export class Migrations {
  readonly #workspace: Workspace
  readonly #handlers: Handlers
  readonly #options: MigrationOptions
  readonly #records: MigrationRecords
  readonly #stop = new AbortController()
  /** Those that run beside people. */
  readonly #running = new Map<string, MigrationStats>()
  #online: readonly Pending[] = []
  #done: Promise<unknown> = Promise.resolve()
  #logged = -Infinity

  constructor(workspace: Workspace, handlers: Handlers, options: MigrationOptions) {
    this.#workspace = workspace
    this.#handlers = handlers
    this.#options = options
    this.#records = new MigrationRecords(workspace)
  }

  /**
   * Applies those that hold up the opening, one after another.
   * @throws StatusError MigrationFailed; earlier migrations stay applied
   */
  async apply(): Promise<void> {
    const { migrations } = this.#workspace.modules
    if (migrations.length === 0) return
    const applied = await this.#records.applied()
    const pending = migrations
      .map(({ module, migration }) => ({ name: `${module}.${migration.name}`, module, migration }))
      .filter(({ name, module }) => !applied.has(name) && this.#workspace.settings.isOn(module))
    this.#online = pending.filter(({ migration }) => isOnline(migration))
    for (const each of pending) {
      this.#options.stop.throwIfAborted()
      if (!isOnline(each.migration)) await this.#apply(each, this.#options.stop, this.#options.migrating)
    }
  }

  /** Starts those that run beside people, one after another. */
  start(): void {
    if (this.#online.length > 0) this.#done = this.#runOnline().catch(() => undefined)
  }

  /** How far those have come that run beside people. */
  get running(): readonly MigrationStats[] {
    return [...this.#running.values()]
  }

  /** Resolves when no migration runs any more. */
  async idle(): Promise<void> {
    await this.#done
  }

  /** The next opening continues after the last batch. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the workspace closes'))
    await this.#done
  }

  async #runOnline(): Promise<void> {
    const { signal } = this.#stop
    await Promise.all(this.#online.map(async (pending) => await this.#untilApplied(pending, signal)))
  }

  /** A failing one is tried again after growing pauses. */
  async #untilApplied(pending: Pending, signal: AbortSignal): Promise<void> {
    const { id, modules } = this.#workspace
    while (!signal.aborted) {
      const { retryAfter = 0 } = modules.migrationFailures.pausing(id, pending.name) ?? {}
      if (retryAfter > 0) await wait(retryAfter, undefined, { signal, ref: false })
      try {
        await this.#apply(pending, signal, (stats) => this.#running.set(pending.name, stats))
        break
      } catch (error) {
        if (!(error instanceof StatusError)) throw error
      }
    }
    this.#running.delete(pending.name)
  }

  async #apply(pending: Pending, stop: AbortSignal, report: (stats: MigrationStats) => void): Promise<void> {
    const { id, modules } = this.#workspace
    const { module, migration, name } = pending
    const { migrationFailures } = modules
    const remembered = migrationFailures.pausing(id, name)
    if (remembered !== undefined)
      throw failed(remembered.error.status.params, { retryAfter: remembered.retryAfter })
    try {
      await this.#run(pending, stop, report)
      migrationFailures.succeeded(id, name)
    } catch (error) {
      if (stop.aborted) throw error
      throw this.#failure({ module, migration: migration.name }, name, error)
    }
  }

  async #run(
    { migration, name }: Pending,
    stop: AbortSignal,
    report: (stats: MigrationStats) => void,
  ): Promise<void> {
    const { id: workspace, logger } = this.#workspace
    if (isWholeMigration(migration)) return await this.#runWhole(migration, name, report)
    const declared = asDocumentMigration(migration)
    if (declared === undefined) return
    const run = new DocumentMigrationRun({
      workspace: this.#workspace,
      name,
      migration: declared,
      context: moduleContextFor(this.#workspace, this.#handlers, systemCaller),
      records: this.#records,
      report: (stats) => this.#report(stats, report),
      stop,
    })
    const { done, setAside } = await run.run()
    const fields = { workspace, migration: name, documents: done, setAside }
    if (setAside > 0) logger.warn(fields, 'a migration was applied, and set documents aside')
    else logger.info(fields, 'a migration was applied')
  }

  async #runWhole(
    migration: WholeMigration,
    name: string,
    report: (stats: MigrationStats) => void,
  ): Promise<void> {
    const { clock, id: workspace, logger } = this.#workspace
    const started = clock.now()
    const uncounted = { migration: name, toProcess: 0, total: 0, eta: 0 }
    const context = moduleContextFor(this.#workspace, this.#handlers, systemCaller)
    const { commit } = context
    const counted: typeof commit = async (txes) => {
      await commit(txes)
      report({ ...uncounted, elapsed: clock.now() - started })
    }
    const origin = { module: moduleOf(name), kind: 'migration', name: migration.name, workspace } as const
    const last = await runInModule(origin, () => migration.run({ ...context, commit: counted }))
    await commit([...last, ...this.#records.finish(name, { after: undefined, done: 0, setAside: 0 })])
    logger.info({ workspace, migration: name }, 'a migration was applied')
  }

  #report(stats: MigrationStats, report: (stats: MigrationStats) => void): void {
    report(stats)
    const { clock, id: workspace, logger } = this.#workspace
    const now = clock.now()
    if (now - this.#logged < LOG_EVERY) return
    this.#logged = now
    logger.info({ workspace, ...stats }, 'a migration runs')
  }

  /** Logs and remembers the failure. */
  #failure(names: { module: string; migration: string }, name: string, cause: unknown): StatusError {
    const { id, logger, modules } = this.#workspace
    const { document } = cause instanceof BadDocument ? cause : {}
    const place = document === undefined ? {} : { _class: document._class, _id: document._id }
    const error = failed({ ...names, ...place }, {}, cause)
    const retryAfter = modules.migrationFailures.failed(id, name, error)
    logger.error({ workspace: id, ...names, ...place, retryAfter, err: cause }, 'a migration failed')
    return error
  }
}

function isOnline(migration: Migration): boolean {
  return asDocumentMigration(migration)?.online === true
}

function failed(
  params: StatusError['status']['params'],
  more: StatusError['status']['params'],
  cause?: unknown,
): StatusError {
  return new StatusError('platform:status:MigrationFailed', { ...params, ...more }, { cause })
}
