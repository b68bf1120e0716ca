import type { ClassRef } from '../../model/class-ref.ts'
import type { Doc, Ref } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import type { TransactionFactory } from '../../model/transaction-factory.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { Logger } from '../shared/logger.ts'
import type { RunLater } from './run-later.ts'

/** Services for every part of a module. */
export interface ModuleContext {
  readonly hierarchy: Hierarchy
  readonly generateId: () => string
  readonly logger: Logger
}

/** What code of a module knows of its workspace and of its cause. */
export interface WorkspaceContext extends RunLater {
  /** `name` as the accounts service told it last; the id while it is not known. */
  readonly workspace: { readonly id: string; readonly name: string }
  /** The settings of the module in this workspace, as its schema returns them, as of the last durable commit. */
  readonly settings: unknown
  /** Milliseconds since the epoch, by the clock of the server. */
  readonly now: () => number
  /** From 0 to 1, without 1. */
  readonly random: () => number
  /** A logger whose lines name the workspace, the code and its cause. */
  readonly log: Logger
  readonly cause: Cause
}

/** Reads and writes documents on behalf of one account. */
export interface WriteContext extends ModuleContext {
  /** Creates transactions for `commit` with the correct signature. */
  readonly factory: TransactionFactory
  findAll: <T extends Doc>(_class: ClassRef<T>, query: DocumentQuery, options?: FindOptions) => Promise<T[]>
  /** Commits all of the transactions or none. @throws StatusError */
  commit: (txes: readonly TxCUD[]) => Promise<void>
}

/** Reads and commits on behalf of one account, bound by its permissions. Those of the system are without bounds. */
export interface Acting extends Pick<WriteContext, 'factory' | 'findAll' | 'commit'> {
  get: <T extends Doc>(_class: ClassRef<T>, id: Ref) => Promise<T | undefined>
}

/** Why code of a module runs. */
export interface Cause {
  /** `_id` of the account whose transaction or call it is. */
  readonly sender: string
  /** `_id` of the transaction. */
  readonly transaction?: string
  /** The triggers in between, by full name, from the first to the last. */
  readonly triggers: readonly string[]
}
