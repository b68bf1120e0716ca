import type { Account, Ref } from '../model/documents.ts'
import type { DocumentStore } from '../model/document-store.ts'
import type { Tx } from '../model/transactions.ts'
import type { Commit } from './commit/commit-queue.ts'
import type { Permissions } from './permissions/permissions.ts'
import type { WorkspaceStorage } from './storage/contract.ts'
import type { WorkspaceModel } from './workspace-model.ts'

/** A transaction to be pushed to sessions, with its place in the log if it has one. */
export interface Push {
  tx: Tx
  /** Who may hear of it; `undefined`: everyone. */
  audience?: Audience | undefined
  seq?: number | undefined
}

export interface Audience {
  /** Private spaces: only who sees all of them. */
  spaces: readonly string[]
  /** Only this account. */
  creator: Ref<Account> | undefined
  /** Only these accounts, whatever they see. */
  accounts?: ReadonlySet<Ref<Account>>
}

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now: () => number
}

export interface Logger {
  info: (fields: object, message: string) => void
  warn: (fields: object, message: string) => void
  error: (fields: object, message: string) => void
}

/** What the middlewares and commit steps of one workspace share. */
export interface Workspace {
  readonly id: string
  readonly model: WorkspaceModel
  readonly permissions: Permissions
  readonly storage: WorkspaceStorage
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
