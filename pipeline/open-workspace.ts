import { randomBytes } from 'node:crypto'
import { DocumentStore } from '../model/document-store.ts'
import { createIdGenerator } from '../model/generate-id.ts'
import type { Space } from '../model/documents.ts'
import { core } from '../model/identifiers.ts'
import { planFind } from '../model/query/plan-find.ts'
import { StatusError } from '../model/status.ts'
import type { Tx } from '../model/transactions.ts'
import { buildPipeline, commitSteps } from './build-pipeline.ts'
import { type CommitLimits, type CommitObserver, CommitQueue } from './commit/commit-queue.ts'
import type { StepHandler } from './commit/commit-step.ts'
import type { Caller } from './caller.ts'
import { ConsistentReads } from './consistent-reads.ts'
import { type FindAnswer, type FindRequest, type Handlers, isEncoded } from './middleware.ts'
import { type Missed, missed } from './missed.ts'
import { Permissions } from './permissions/permissions.ts'
import { securityEvents } from './permissions/security-events.ts'
import { Restoring } from './restoring.ts'
import type { Storage, WorkspaceStorage } from './storage/contract.ts'
import { storageSchema } from './storage-schema.ts'
import type { Push } from './push.ts'
import type { MethodCall } from './module.ts'
import { actingFor } from './triggers/acting.ts'
import { AsyncTriggers } from './triggers/async-triggers.ts'
import { InstalledModules } from './triggers/installed-modules.ts'
import { migrate } from './triggers/migrations.ts'
import type { Clock, Logger, Workspace } from './workspace.ts'
import { WorkspaceModel } from '../model/workspace-model.ts'

/** Model transactions read from the log at a time. */
const MODEL_PAGE = 5000

export interface OpenOptions {
  id: string
  storage: Storage
  /** The model that modules declare; shared by every workspace. */
  base: WorkspaceModel
  /** What modules add to the workspace. */
  modules?: InstalledModules
  clock: Clock
  logger: Logger
  /** Gets what was committed, in the order of the log, after the senders' answers. */
  committed: (pushes: Push[]) => void
  commitLimits?: CommitLimits
}

/** An open workspace: its handlers, and what a session wants to know of it. */
export interface Pipeline extends Handlers {
  readonly model: WorkspaceModel
  readonly modules: InstalledModules
  /** What a module's method may do for the caller. */
  readonly actingFor: (caller: Caller) => MethodCall
  readonly epoch: string
  readonly lastSeq: () => number
  /** Transactions that wait for their commit. */
  readonly queueDepth: () => number
  readonly storage: WorkspaceStorage
  /** Whether a push is for the caller. */
  readonly mayReceive: (caller: Caller, push: Push) => boolean
  /** A find whose answer is that of one place in the log. */
  readonly query: (caller: Caller, request: FindRequest) => Promise<{ seq: number; value: FindAnswer }>
  readonly missed: (caller: Caller, since: { after: number; most: number }) => Promise<Missed | undefined>
  /** What backup tools put back and take away. */
  readonly restoring: Restoring
  readonly generateId: () => string
  /** Finishes what is under way and closes the files. Idempotent. */
  close: () => Promise<void>
}

/** Opens the storage, loads the model from the log, and puts the pipeline together. */
export async function openWorkspace(options: OpenOptions): Promise<Pipeline> {
  const storage = await options.storage.openWorkspace(options.id, storageSchema(options.base.hierarchy))
  try {
    const model = await readModel(options, storage)
    if (model.version > 0) await storage.applySchema(storageSchema(model.hierarchy))
    const permissions = new Permissions(model)
    await readSpaces(storage, model, permissions)
    return await assemble(options, storage, model, permissions)
  } catch (error) {
    await storage.close()
    throw error
  }
}

/** What does not fit, as a restore over another log may leave, is left out: a workspace that stays closed cannot be mended. */
async function readModel(
  { id, base, logger }: OpenOptions,
  storage: WorkspaceStorage,
): Promise<WorkspaceModel> {
  const model = new WorkspaceModel(base)
  for await (const tx of modelTransactions(storage)) {
    try {
      model.apply(tx)
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      logger.error({ err: error, workspace: id, transaction: tx._id }, 'a model transaction is left out')
    }
  }
  return model
}

async function* modelTransactions(storage: WorkspaceStorage): AsyncIterable<Tx> {
  for (let after = 0; ;) {
    const page = await storage.readLog({ after, limit: MODEL_PAGE, objectSpace: core.space.Model })
    for (const { seq, tx } of page) {
      after = seq
      yield tx
    }
    if (page.length < MODEL_PAGE) return
  }
}

/** Only private ones matter. */
async function readSpaces(
  storage: WorkspaceStorage,
  model: WorkspaceModel,
  permissions: Permissions,
): Promise<void> {
  const plan = planFind(model.hierarchy, core.class.Space, { private: true }, {})
  const found = await storage.find(plan)
  permissions.forgetSpaces()
  for (const space of found) permissions.spaceChanged(space._id, space as unknown as Space)
}

/** Applies migrations, and starts triggers, before anybody is let in. */
async function assemble(
  options: OpenOptions,
  storage: WorkspaceStorage,
  model: WorkspaceModel,
  permissions: Permissions,
): Promise<Pipeline> {
  const { id, clock, logger, modules = new InstalledModules([]) } = options
  const transient = new DocumentStore()
  const generateId = createIdGenerator({ now: () => clock.now(), random: randomBytes })
  const workspace: Workspace = {
    id,
    model,
    permissions,
    modules,
    storage,
    reads: new ConsistentReads(storage),
    transient,
    clock,
    logger,
    generateId,
    commit: (caller, tx) => (restoring.isLogReplaced ? restoring.refused() : queue.enqueue(caller, tx)),
    lastSeq: () => queue.lastSeq,
  }
  const triggers = new AsyncTriggers(workspace)
  const queue = new CommitQueue({
    workspace,
    handler: commitHandler(workspace),
    observer: observe(options, workspace, triggers),
    lastSeq: storage.lastSeq,
    ...(options.commitLimits === undefined ? {} : { limits: options.commitLimits }),
  })
  const restoring = restoringOf(workspace, queue, triggers)
  const handlers = buildPipeline(workspace)
  await migrate(workspace, handlers)
  await triggers.start(handlers)
  return {
    ...handlers,
    query: consistent(workspace, handlers),
    missed: (caller, since) => missed(workspace, caller, since),
    model,
    modules,
    actingFor: (caller) => actingFor(workspace, handlers, caller),
    storage,
    generateId,
    epoch: storage.epoch,
    lastSeq: workspace.lastSeq,
    queueDepth: () => queue.depth,
    restoring,
    mayReceive: (caller, { audience }) => audience === undefined || permissions.mayReceive(caller, audience),
    close: async () => {
      await triggers.stop()
      await queue.idle()
      await storage.close()
    },
  }
}

function restoringOf(workspace: Workspace, queue: CommitQueue, triggers: AsyncTriggers): Restoring {
  const { model, permissions, storage } = workspace
  const changed = async () => {
    queue.forgetDocuments()
    await readSpaces(storage, model, permissions)
  }
  return new Restoring({ storage, triggers, idle: () => queue.idle(), changed })
}

function consistent({ reads }: Workspace, handlers: Handlers): Pipeline['query'] {
  return (caller, request) => {
    const find = () => handlers.find(caller, { ...request, isConsistent: true })
    return reads.read(find, (answer) => isEncoded(answer) && answer.rest?.close())
  }
}

function commitHandler(workspace: Workspace): StepHandler {
  const end: StepHandler = () => Promise.reject(new Error('the last commit step passed a transaction on'))
  return commitSteps.reduceRight((next, step) => step(next, workspace), end)
}

function observe(options: OpenOptions, workspace: Workspace, triggers: AsyncTriggers): CommitObserver {
  const { model, permissions, storage } = workspace
  let { version } = model
  return {
    committed: options.committed,
    changed: (batch) => {
      triggers.committed(batch.entries)
      return securityEvents(workspace, batch)
    },
    recovered: async (entries) => {
      triggers.fellBehind()
      await readSpaces(storage, model, permissions)
      return entries.map(({ seq, tx }) => ({ seq, tx, audience: permissions.audienceOfLogged(tx) }))
    },
    modelChanged: async () => {
      if (model.version === version) return
      version = model.version
      // The transaction is durable: a schema that could not follow costs speed, not truth.
      await storage.applySchema(storageSchema(model.hierarchy)).catch((error: unknown) => {
        options.logger.error(
          { err: error, workspace: options.id },
          'the storage schema did not follow the model',
        )
      })
    },
    failed: (error) => {
      options.logger.error({ err: error, workspace: options.id }, 'a commit failed')
    },
  }
}
