import { StatusError } from '../model/status.ts'
import { buildCommitSteps, buildPipeline } from './build-pipeline.ts'
import { CommitQueue } from './commit/commit-queue.ts'
import { BackupScans } from './reads/backup-scans.ts'
import { type Handlers, isEncoded } from './workspace/middleware.ts'
import { catchUp } from './reads/catch-up.ts'
import { observeCommits } from './observe-commits.ts'
import { Permissions } from './permissions/permissions.ts'
import { readSpaces, reportUnknownClasses } from './permissions/read-spaces.ts'
import { readModel } from './reads/read-model.ts'
import { openRestoring } from './restore/open-restoring.ts'
import { settleRestoreMark } from './restore/restore-mark.ts'
import type { Restoring } from './restore/restoring.ts'
import { storageSchema } from './shared/storage-schema.ts'
import { MethodCalls } from './methods/method-calls.ts'
import { moduleContextFor } from './triggers/module-context.ts'
import { AsyncTriggers } from './triggers/async-triggers.ts'
import { BackgroundWork } from './schedules/background-work.ts'
import { Schedules } from './schedules/schedules.ts'
import { openSettings } from './triggers/open-settings.ts'
import { Migrations } from './triggers/migrations.ts'
import { UniqueChecks } from './verify/unique-checks.ts'
import type { Workspace } from './workspace/workspace.ts'
import type { Pipeline } from './pipeline.ts'
import { type Opened, type OpenOptions, workspaceParts } from './workspace-parts.ts'

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

async function assemble(options: OpenOptions, opened: Opened): Promise<OpenedPipeline> {
  const [{ clock }, { storage }] = [options, opened]
  const workspace = workspaceParts(options, opened, {
    commit: (caller, tx, terms) =>
      restoring.isLogReplaced ? restoring.refused() : queue.enqueue(caller, tx, terms),
    lastSeq: () => queue.lastSeq,
  })
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
    ...factsOf(workspace),
    closedToPeople,
    query: consistent(workspace, handlers),
    catchUp: catchUpOf(workspace, restoring),
    methods,
    moduleContextFor: (caller) => moduleContextFor(workspace, handlers, caller),
    queueDepth: () => queue.depth,
    dropCaches: () => {
      queue.forgetDocuments()
      methods.dropCaches()
    },
    restoring,
    ...progressOf({ migrations, checks, triggers, work }),
    named: (name) => workspace.name.learn(name, clock.now()),
    close: async () => {
      // First what works in the background, then what it works with.
      work.stop()
      for (const some of [[migrations, checks], [methods], [triggers, schedules]])
        await Promise.all(some.map((each) => each.stop()))
      await Promise.all([queue.idle(), workspace.name.idle()])
      await storage.close()
    },
  }
  return {
    pipeline,
    nextWork: () => (closedToPeople === undefined ? work.nextAt : clock.now() + REPAIR_PAUSE),
  }
}

/** How far the work in the background has come. */
function progressOf(parts: {
  migrations: Migrations
  checks: UniqueChecks
  triggers: AsyncTriggers
  work: BackgroundWork
}) {
  const { migrations, checks, triggers, work } = parts
  return {
    migrations: () => migrations.running,
    migrationsIdle: () => migrations.idle(),
    duplicates: () => checks.duplicates,
    keysChecked: () => checks.done(),
    triggersIdle: () => triggers.idle(),
    isWorking: () => work.isBusy,
    workDone: () => work.done(),
    triggers,
  }
}

/** What sessions need and nothing here decides. */
function factsOf(workspace: Workspace) {
  const { id, flaws, model, modules, storage, clock, generateId, lastSeq, permissions } = workspace
  const { epoch } = storage
  const mayReceive: Pipeline['mayReceive'] = (caller, { audience }) =>
    audience === undefined || permissions.mayReceive(caller, audience)
  const backupScans = new BackupScans(storage)
  return { id, flaws, model, modules, storage, clock, generateId, lastSeq, epoch, mayReceive, backupScans }
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
    await Promise.all([workspace.name.read(), openSettings(workspace)])
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
