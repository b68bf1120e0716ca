import type { DocumentStore } from '../../model/document-store.ts'
import type { Tx } from '../../model/transactions.ts'
import type { Clock, Logger } from '../shared/logger.ts'
import type { Caller } from '../shared/caller.ts'
import type { ConsistentReads } from '../reads/consistent-reads.ts'
import type { Permissions } from '../permissions/permissions.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'
import type { InstalledModules } from '../modules/installed-modules.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'

/** Resolves with the answer once the transaction is durable. */
export type Commit = (caller: Caller, tx: Tx) => Promise<unknown>

/** What the middlewares and commit steps of one workspace share. */
export interface Workspace {
  readonly id: string
  /** What is wrong with the model: while there is something, people only read. */
  readonly flaws: readonly string[]
  /** Who changes classes of the application at run time. */
  readonly modelChanges: 'maintainers' | 'nobody'
  /** Whose transactions keep the time they bring. */
  readonly imports: 'nobody' | 'owners' | 'maintainers'
  readonly model: WorkspaceModel
  readonly permissions: Permissions
  readonly modules: InstalledModules
  readonly storage: WorkspaceStorage
  readonly reads: ConsistentReads
  /** Documents of the domain `transient`: in memory only. */
  readonly transient: DocumentStore
  readonly clock: Clock
  readonly logger: Logger
  readonly generateId: () => string
  /** The commit queue: the one way to change documents. */
  readonly commit: Commit
  /** `seq` of the last durable transaction. */
  lastSeq: () => number
}
