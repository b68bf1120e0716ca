import { type GenerateId } from '../model/generate-id.ts'
import { randomBytes } from 'node:crypto'
import { createIdGenerator } from '../model/generate-id.ts'
import { StatusError } from '../model/status.ts'
import { buildCommitSteps, buildPipeline } from './build-pipeline.ts'
import { type CommitLimits, DEFAULT_COMMIT_LIMITS } from './shared/commit-limits.ts'
import { CommitQueue } from './commit/commit-queue.ts'
import type { Caller } from './shared/caller.ts'
import { BackupScans } from './reads/backup-scans.ts'
import { ConsistentReads } from './reads/consistent-reads.ts'
import { type FindResponse, type FindRequest, type Handlers, isEncoded } from './workspace/middleware.ts'
import { type CatchUp, catchUp, type CatchUpRequest } from './reads/catch-up.ts'
import { observeCommits } from './observe-commits.ts'
import { Permissions } from './permissions/permissions.ts'
import { readSpaces, reportUnknownClasses } from './permissions/read-spaces.ts'
import { readModel } from './reads/read-model.ts'
import { openRestoring } from './restore/open-restoring.ts'
import { type RestoreMark, settleRestoreMark } from './restore/restore-mark.ts'
import type { Restoring } from './restore/restoring.ts'
import type { Storage, WorkspaceStorage } from '../storage/contract.ts'
import { storageSchema } from './shared/storage-schema.ts'
import type { Push } from './push/push.ts'
import { MethodCalls } from './methods/method-calls.ts'
import { type CallerContext, moduleContextFor } from './triggers/module-context.ts'
import { AsyncTriggers, type TriggerAdministration } from './triggers/async-triggers.ts'
import { InstalledModules } from './modules/installed-modules.ts'
import { BackgroundWork } from './schedules/background-work.ts'
import { Schedules } from './schedules/schedules.ts'
import { openSettings } from './triggers/open-settings.ts'
import { ModuleSettings } from './modules/module-settings.ts'
import { Migrations } from './triggers/migrations.ts'
import type { Duplicates } from './verify/find-duplicates.ts'
import { UniqueChecks } from './verify/unique-checks.ts'
import type { Clock, Logger } from './shared/logger.ts'
import type { Schedule } from './shared/with-timeout.ts'
import { TransientDocuments } from './shared/transient-documents.ts'
import { Turns } from './shared/turns.ts'
import type { BackgroundListener } from './workspace/background.ts'
import { RecentChanges } from './workspace/recent-changes.ts'
import type { Workspace } from './workspace/workspace.ts'
import type { MigrationStats, WorkspaceListener } from './push/workspace-listener.ts'
import type { WorkspaceModel } from '../model/workspace-model.ts'

export interface OpenOptions extends WorkspaceListener {
  id: string
  storage: Storage
  /** The model of the modules, shared by all workspaces. */
  base: WorkspaceModel
  /** Triggers, migrations and methods of modules. */
  modules?: InstalledModules
  clock: Clock
  /** The timer of jobs. By default that of the platform. */
  schedule?: Schedule
  /** Shared by the workspaces of a process. */
  turns?: Turns
  /** Whether the server is short of memory. */
  isOverloaded?: () => boolean
  logger: Logger
  commitLimits?: Partial<CommitLimits>
  /** Opens the workspace again for work that it leaves. */
  background?: BackgroundListener
  /** Ends a migration that holds up the opening. The next opening continues after its last batch. */
  stop?: AbortSignal
  /** Who changes classes of the application at run time. `maintainers` by default. */
  modelChanges?: Workspace['modelChanges']
  /** Whose transactions keep their times. `nobody` by default. */
  imports?: Workspace['imports']
}

/** The handlers of an open workspace, with what sessions need. */
export interface Pipeline extends Handlers {
  readonly id: string
  readonly model: WorkspaceModel
  readonly modules: InstalledModules
  /** The context for code of the server that runs on behalf of the caller. */
  readonly moduleContextFor: (caller: Caller) => CallerContext
  /** Calls of the methods of modules. */
  readonly methods: MethodCalls
  /** Flaws of the model. If there are any, the workspace is read-only for people. */
  readonly flaws: readonly string[]
  /** Set if only those who repair the workspace may enter, for example after a failed migration. */
  readonly closedToPeople: StatusError | undefined
  readonly epoch: string
  readonly lastSeq: () => number
  /** Number of transactions that wait for their commit. */
  readonly queueDepth: () => number
  /** Drops documents that can be read again. */
  readonly dropCaches: () => void
  readonly storage: WorkspaceStorage
  /** Whether the caller receives the push. */
  readonly mayReceive: (caller: Caller, push: Push) => boolean
  /** A find whose result is consistent with one position in the log. */
  readonly query: (caller: Caller, request: FindRequest) => Promise<{ seq: number; value: FindResponse }>
  readonly catchUp: (caller: Caller, since: CatchUpRequest) => Promise<CatchUp | undefined>
  /** Scans of backup tools. */
  readonly backupScans: BackupScans
  /** Changes by backup tools. */
  readonly restoring: Restoring
  readonly clock: Clock
  readonly generateId: GenerateId
  /** Migrations that run beside people. */
  readonly migrations: () => readonly MigrationStats[]
  /** Resolves when no migration runs any more. */
  readonly migrationsIdle: () => Promise<void>
  /** Documents that share a unique key, as far as they are known. */
  readonly duplicates: () => readonly Duplicates[]
  /** Resolves when existing documents were checked for unique keys. */
  readonly keysChecked: () => Promise<void>
  /** Resolves when no asynchronous trigger has work. */
  readonly triggersIdle: () => Promise<void>
  /** Whether work is being done for nobody who waits: the workspace should stay open. */
  readonly isWorking: () => boolean
  /** Resolves when it is not working, or when it closes. */
  readonly workDone: () => Promise<void>
  /** The asynchronous triggers, for administrators. */
  readonly triggers: TriggerAdministration & {
    readonly isBusy: boolean
    readonly lags: AsyncTriggers['lags']
  }
  /** Finishes work in progress and closes the files. Idempotent. */
  close: () => Promise<void>
}

/** Milliseconds until a workspace is opened again that did not open, or that is closed to people. */
const REPAIR_PAUSE = 600_000

/** Opens the storage, loads the model from the log, and builds the pipeline. */
export async function openWorkspace(options: OpenOptions): Promise<Pipeline> {
  const { id, background, modules, clock } = options
  if (background === undefined || modules?.hasBackgroundWork !== true) return (await open(options)).pipeline
  const [{ pipeline, nextWork }] = await Promise.all([open(options), background.awake(id)]).catch(
    async (error: unknown) => {
      await background.asleep(id, clock.now() + REPAIR_PAUSE)
      throw error
    },
  )
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await pipeline.close()
    await background.asleep(id, nextWork())
  }
  return { ...pipeline, close: () => (closed ??= close()) }
}

/** A pipeline, and when it has work after it has closed. */
interface OpenedPipeline {
  pipeline: Pipeline
  nextWork: () => number | undefined
}

async function open(options: OpenOptions): Promise<OpenedPipeline> {
  const { id: workspace, base, logger } = options
  const storage = await options.storage.openWorkspace(workspace, storageSchema(base.hierarchy))
  try {
    const mark = await settleRestoreMark(storage, options.clock.now())
    const { model, flaws } = await readModel({ workspace, base, storage, logger })
    await reportUnknownClasses(storage, model, { logger, workspace })
    if (model.version > 0) await storage.applySchema(storageSchema(model.hierarchy))
    const permissions = new Permissions(model)
    await readSpaces(storage, model, permissions)
    return await assemble(options, { storage, model, flaws, permissions, mark })
  } catch (error) {
    await storage.close()
    throw error
  }
}

interface Opened {
  storage: WorkspaceStorage
  model: WorkspaceModel
  flaws: readonly string[]
  permissions: Permissions
  mark: RestoreMark | undefined
}

async function assemble(options: OpenOptions, opened: Opened): Promise<OpenedPipeline> {
  const { clock } = options
  const { storage, model, flaws, permissions } = opened
  const workspace = shared(options, opened, {
    commit: (caller, tx, terms) =>
      restoring.isLogReplaced ? restoring.refused() : queue.enqueue(caller, tx, terms),
    lastSeq: () => queue.lastSeq,
  })
  const { modules, generateId } = workspace
  const triggers = new AsyncTriggers(workspace)
  const schedules = new Schedules(workspace, options.schedule)
  const queue = new CommitQueue({
    workspace,
    handler: buildCommitSteps(workspace),
    observer: observeCommits(options, workspace, triggers, schedules),
    lastSeq: storage.lastSeq,
  })
  const restoring = openRestoring(options, workspace, { queue, triggers, mark: opened.mark })
  const handlers = buildPipeline(workspace)
  const methods = new MethodCalls(workspace, handlers)
  const { stop = new AbortController().signal, migrating = () => undefined } = options
  const migrations = new Migrations(workspace, handlers, { migrating, stop })
  const closedToPeople = await prepare(workspace, migrations, async () => {
    await triggers.start(handlers)
    await schedules.start()
  })
  const checks = new UniqueChecks(workspace, opened.mark)
  checks.start()
  const work = new BackgroundWork(workspace, triggers, schedules)
  const pipeline: Pipeline = {
    ...handlers,
    id: workspace.id,
    flaws,
    closedToPeople,
    query: consistent(workspace, handlers),
    catchUp: catchUpOf(workspace, restoring),
    model,
    modules,
    methods,
    moduleContextFor: (caller) => moduleContextFor(workspace, handlers, caller),
    storage,
    backupScans: new BackupScans(storage),
    clock,
    generateId,
    epoch: storage.epoch,
    lastSeq: workspace.lastSeq,
    queueDepth: () => queue.depth,
    dropCaches: () => {
      queue.forgetDocuments()
      methods.dropCaches()
    },
    restoring,
    migrations: () => migrations.running,
    migrationsIdle: () => migrations.idle(),
    duplicates: () => checks.duplicates,
    keysChecked: () => checks.done(),
    triggersIdle: () => triggers.idle(),
    isWorking: () => work.isBusy,
    workDone: () => work.done(),
    triggers,
    mayReceive: (caller, { audience }) => audience === undefined || permissions.mayReceive(caller, audience),
    close: async () =>
      await closeAll({ migrations, checks, work, methods, triggers, schedules, queue, storage }),
  }
  return {
    pipeline,
    nextWork: () => (closedToPeople === undefined ? work.nextAt : clock.now() + REPAIR_PAUSE),
  }
}

/** Ends what works in the background, then what it works with. */
async function closeAll(parts: {
  migrations: Migrations
  checks: UniqueChecks
  work: BackgroundWork
  methods: MethodCalls
  triggers: AsyncTriggers
  schedules: Schedules
  queue: CommitQueue
  storage: WorkspaceStorage
}): Promise<void> {
  parts.work.stop()
  await Promise.all([parts.migrations.stop(), parts.checks.stop()])
  await parts.methods.stop()
  await Promise.all([parts.triggers.stop(), parts.schedules.stop()])
  await parts.queue.idle()
  await parts.storage.close()
}

/** What the middlewares and commit steps share. */
function shared(
  options: OpenOptions,
  { storage, model, flaws, permissions }: Opened,
  queue: Pick<Workspace, 'commit' | 'lastSeq'>,
): Workspace {
  const { id, clock, logger, turns = new Turns(), modules = new InstalledModules([]) } = options
  const { modelChanges = 'maintainers', imports = 'nobody', commitLimits } = options
  return {
    id,
    flaws,
    modelChanges,
    imports,
    model,
    permissions,
    modules,
    settings: new ModuleSettings(modules.declared, { id, logger }),
    isNew: storage.lastSeq === 0,
    storage,
    reads: new ConsistentReads(storage),
    recentChanges: new RecentChanges(modules.methodLimits),
    transient: new TransientDocuments(),
    limits: { ...DEFAULT_COMMIT_LIMITS, ...commitLimits },
    clock,
    turns,
    isOverloaded: options.isOverloaded ?? (() => false),
    logger,
    generateId: createIdGenerator({ now: () => clock.now(), random: randomBytes }),
    ...queue,
  }
}

/**
 * Applies migrations and starts triggers before people may enter. If that fails, the workspace still opens for those
 * who repair it.
 * @returns why people may not enter
 */
async function prepare(
  workspace: Workspace,
  migrations: Migrations,
  startTriggers: () => Promise<void>,
): Promise<StatusError | undefined> {
  try {
    await openSettings(workspace)
    await migrations.apply()
    await startTriggers()
    migrations.start()
    return undefined
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    const { id, logger } = workspace
    logger.error({ err: error, workspace: id }, 'the workspace opens for repair only')
    return error
  }
}

function catchUpOf(workspace: Workspace, restoring: Restoring): Pipeline['catchUp'] {
  return async (caller, since) =>
    restoring.isKnownAt(since.after) ? await catchUp(workspace, caller, since) : undefined
}

function consistent({ reads }: Workspace, handlers: Handlers): Pipeline['query'] {
  return (caller, request) => {
    const find = () => handlers.find(caller, { ...request, isConsistent: true })
    return reads.read(find, (response) => isEncoded(response) && response.rest?.close())
  }
}
