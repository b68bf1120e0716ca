import { MigrationFailures } from './migration-failures.ts'
import type { AtriumModule, Migration, ServiceMethod } from './module.ts'
import { type Give, giveBy, type ModuleChecks } from './module-values.ts'
import { DEFAULT_TRIGGER_LIMITS, type TriggerLimits } from './trigger-limits.ts'
import { TriggerIndex } from './trigger-index.ts'
import type { AsyncTrigger, Installed, SyncTrigger, Trigger, TriggerObserver } from './trigger.ts'

/** Triggers, migrations and methods of the server's modules, under full names. Shared by all workspaces. */
export class InstalledModules {
  readonly sync: TriggerIndex<SyncTrigger>
  readonly async: readonly Installed<AsyncTrigger>[]
  /** In the order of application. */
  readonly migrations: readonly { module: string; migration: Migration }[]
  readonly methods: ReadonlyMap<string, ServiceMethod>
  readonly limits: TriggerLimits
  readonly observer: TriggerObserver
  /** The migrations that failed in this process. */
  readonly migrationFailures: MigrationFailures
  /** How a value of the pipeline is given to a module. */
  readonly give: Give

  constructor(
    modules: readonly AtriumModule[],
    options: {
      limits?: Partial<TriggerLimits>
      observer?: TriggerObserver
      checks?: ModuleChecks
      /** Milliseconds of a monotonic clock. */
      monotonic?: () => number
    } = {},
  ) {
    const triggers = modules.flatMap(({ name, triggers = [] }) =>
      triggers.map((each) => installed(name, each)),
    )
    this.sync = new TriggerIndex(triggers.filter((each) => each.kind === 'sync'))
    this.async = triggers.filter((each) => each.kind === 'async')
    this.migrations = modules.flatMap(({ name, migrations = [] }) =>
      migrations.map((migration) => ({ module: name, migration })),
    )
    this.methods = new Map(
      modules.flatMap(({ name, methods = {} }) =>
        Object.entries(methods).map(([method, each]) => [`${name}.${method}`, each] as const),
      ),
    )
    this.limits = { ...DEFAULT_TRIGGER_LIMITS, ...options.limits }
    this.migrationFailures = new MigrationFailures(options.monotonic)
    this.give = giveBy(options.checks ?? 'copy')
    this.observer = options.observer ?? { triggerFailed: () => undefined }
  }
}

function installed(module: string, trigger: Trigger): Installed {
  return { ...trigger, fullName: `${module}.${trigger.name}` }
}
