import { randomBytes } from 'node:crypto'
import { createIdGenerator } from '../model/generate-id.ts'
import { type CommitLimits, DEFAULT_COMMIT_LIMITS } from './shared/commit-limits.ts'
import { ConsistentReads } from './reads/consistent-reads.ts'
import { Permissions } from './permissions/permissions.ts'
import { type RestoreMark } from './restore/restore-mark.ts'
import type { Storage, WorkspaceStorage } from '../storage/contract.ts'
import { InstalledModules } from './modules/installed-modules.ts'
import { ModuleSettings } from './modules/module-settings.ts'
import type { Clock, Logger } from './shared/logger.ts'
import type { Schedule } from './shared/with-timeout.ts'
import { TransientDocuments } from './shared/transient-documents.ts'
import { Turns } from './shared/turns.ts'
import type { BackgroundListener } from './workspace/background.ts'
import { WorkspaceName } from './workspace/workspace-name.ts'
import { RecentChanges } from './workspace/recent-changes.ts'
import type { Workspace } from './workspace/workspace.ts'
import type { WorkspaceListener } from './push/workspace-listener.ts'
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

/** What an opening has read. */
export interface Opened {
  storage: WorkspaceStorage
  model: WorkspaceModel
  flaws: readonly string[]
  permissions: Permissions
  mark: RestoreMark | undefined
}

/** What the middlewares and commit steps share. */
export function workspaceParts(
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
    name: new WorkspaceName({ id, storage, logger }),
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
