import { type GenerateId } from '../../model/generate-id.ts'
import type { Tx } from '../../model/transactions.ts'
import type { CommitLimits } from '../shared/commit-limits.ts'
import type { Clock, Logger } from '../shared/logger.ts'
import type { TransientDocuments } from '../shared/transient-documents.ts'
import type { Turns } from '../shared/turns.ts'
import type { Caller } from '../shared/caller.ts'
import type { CommitTerms } from './commit-terms.ts'
import type { ConsistentReads } from '../reads/consistent-reads.ts'
import type { Permissions } from '../permissions/permissions.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'
import type { InstalledModules } from '../modules/installed-modules.ts'
import type { ModuleSettings } from '../modules/module-settings.ts'
import type { WorkspaceName } from './workspace-name.ts'
import type { RecentChanges } from './recent-changes.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'

/**
 * Resolves with the result when the transaction is durable.
 * @param terms are checked in the commit queue
 */
export type Commit = (caller: Caller, tx: Tx, terms?: CommitTerms) => Promise<unknown>

/** Shared by the middlewares and commit steps of one workspace. */
export interface Workspace {
  readonly id: string
  readonly name: WorkspaceName
  /** Flaws of the model. If there are any, the workspace is read-only for people. */
  readonly flaws: readonly string[]
  /** Who changes classes of the application at run time. */
  readonly modelChanges: 'maintainers' | 'nobody'
  /** Whose transactions keep their times. */
  readonly imports: 'nobody' | 'owners' | 'maintainers'
  readonly model: WorkspaceModel
  readonly permissions: Permissions
  readonly modules: InstalledModules
  /** Of the modules in this workspace. */
  readonly settings: ModuleSettings
  /** It was created by this opening. */
  readonly isNew: boolean
  readonly storage: WorkspaceStorage
  readonly reads: ConsistentReads
  readonly recentChanges: RecentChanges
  /** Documents of the domain `transient`, in memory only. */
  readonly transient: TransientDocuments
  readonly limits: CommitLimits
  readonly clock: Clock
  /** Shares the event loop with other workspaces. */
  readonly turns: Turns
  /** Whether the server is short of memory. */
  readonly isOverloaded: () => boolean
  readonly logger: Logger
  readonly generateId: GenerateId
  /** Commits through the queue: the only way to change documents. */
  readonly commit: Commit
  /** `seq` of the last durable transaction. */
  lastSeq: () => number
}
