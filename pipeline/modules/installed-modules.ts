import { MigrationFailures } from './migration-failures.ts'
import type { AtriumModule, Migration, ServiceMethod } from './module.ts'
import type { Job } from './job.ts'
import { jobTrigger } from './job-trigger.ts'
import { ownCopy } from './own-copy.ts'
import { type Give, giveBy, type ModuleChecks } from './module-values.ts'
import { DEFAULT_METHOD_LIMITS, type MethodLimits } from './method-limits.ts'
import { DEFAULT_TRIGGER_LIMITS, type TriggerLimits } from './trigger-limits.ts'
import { ExclusiveRuns } from './exclusive-runs.ts'
import { RunHistory } from './run-history.ts'
import { UnfinishedRuns } from './unfinished-runs.ts'
import { TriggerIndex } from './trigger-index.ts'
import type { AsyncTrigger, Installed, SyncTrigger, Trigger, TriggerObserver } from './trigger.ts'

/** Triggers, migrations and methods of the server's modules, under full names. Shared by all workspaces. */
export class InstalledModules {
  readonly declared: readonly AtriumModule[]
  readonly sync: TriggerIndex<SyncTrigger>
  /** Those of jobs too. */
  readonly async: readonly Installed<AsyncTrigger>[]
  readonly jobs: ReadonlyMap<string, Job>
  /** In the order of application. */
  readonly migrations: readonly { module: string; migration: Migration }[]
  readonly methods: ReadonlyMap<string, ServiceMethod>
  /** Whether a workspace may have work while nobody is connected. */
  readonly hasBackgroundWork: boolean
  readonly limits: TriggerLimits
  readonly methodLimits: MethodLimits
  readonly observer: TriggerObserver
  /** The migrations that failed in this process. */
  readonly migrationFailures: MigrationFailures
  /** How a value of the pipeline is given to a module. */
  readonly give: Give
  /** The last runs of asynchronous triggers. */
  readonly history: RunHistory
  readonly unfinished = new UnfinishedRuns()
  readonly exclusive = new ExclusiveRuns()

  constructor(
    modules: readonly AtriumModule[],
    options: {
      limits?: Partial<TriggerLimits>
      methodLimits?: Partial<MethodLimits>
      observer?: TriggerObserver
      checks?: ModuleChecks
      /** Milliseconds of a monotonic clock. */
      monotonic?: () => number
    } = {},
  ) {
    this.declared = modules
    const triggers = modules.flatMap(({ name, triggers = [] }) =>
      triggers.map((each) => installed(name, each)),
    )
    this.sync = new TriggerIndex(triggers.filter((each) => each.kind === 'sync'))
    const jobs = modules.flatMap(({ name, jobs = {} }) =>
      Object.entries(jobs).map(([own, job]) => ({ module: name, own, job: ownCopy(job) })),
    )
    this.jobs = new Map(jobs.map(({ module, own, job }) => [`${module}.${own}`, job]))
    this.async = [
      ...triggers.filter((each) => each.kind === 'async'),
      ...jobs.map(({ module, own, job }) => jobTrigger(module, own, job)),
    ]
    this.migrations = modules.flatMap(({ name, migrations = [] }) =>
      migrations.map((migration) => ({ module: name, migration })),
    )
    this.methods = new Map(
      modules.flatMap(({ name, methods = {} }) =>
        Object.entries(methods).map(([method, each]) => [`${name}.${method}`, each] as const),
      ),
    )
    this.hasBackgroundWork = this.async.length > 0
    this.limits = { ...DEFAULT_TRIGGER_LIMITS, ...options.limits }
    this.migrationFailures = new MigrationFailures(options.monotonic)
    this.give = giveBy(options.checks ?? 'copy')
    this.methodLimits = { ...DEFAULT_METHOD_LIMITS, ...options.methodLimits }
    this.observer = options.observer ?? { triggerFailed: () => undefined }
    this.history = new RunHistory(this.limits.keptRuns)
  }
}

/** The module of a trigger, job, method or route, of which this is the full name. */
export function moduleOf(fullName: string): string {
  return fullName.split(/[. ]/, 1)[0] ?? ''
}

function installed(module: string, trigger: Trigger): Installed {
  return { ...ownCopy(trigger), module, fullName: `${module}.${trigger.name}` }
}
