import type { ClassRef } from '../../model/class-ref.ts'
import type { Class, ClassId, Doc, Ref } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { TransactionFactory } from '../../model/transaction-factory.ts'
import type { Logger } from '../shared/logger.ts'

/** The changes that start a trigger. */
export interface TriggerMatch {
  /** Changes of documents of these classes and their descendants, and of documents with these mixins. */
  classes: readonly Ref<Class>[]
  /** Classes of the transactions, directly or through a collection. Any class if omitted. */
  transactions?: readonly ClassId[]
}

interface NamedTrigger {
  /** Unique within its module. */
  name: string
  on: TriggerMatch
}

/**
 * Adds transactions to the same commit. Runs for derived changes and cascades too. A StatusError rejects the whole
 * request; any other error results in InternalServerError, and a run that takes too long in TriggerTimeout. The trigger
 * may run more than once for one transaction, if a commit is staged again, so it must have no other effects.
 */
export interface SyncTrigger extends NamedTrigger {
  kind: 'sync'
  run: (context: SyncContext, tx: TxCUD) => readonly TxCUD[] | Promise<readonly TxCUD[]>
}

/**
 * Runs after the response, for one transaction after another in the order of the log, and continues where it stopped
 * when the workspace opens again. The returned transactions are committed exactly once; other effects happen at least
 * once. A failed run is repeated; after too many failures the transaction becomes a dead letter.
 */
export interface AsyncTrigger extends NamedTrigger {
  kind: 'async'
  run: (context: AsyncContext, tx: TxCUD) => readonly TxCUD[] | Promise<readonly TxCUD[]>
}

export type Trigger = SyncTrigger | AsyncTrigger

/** Services for every part of a module. */
export interface ModuleContext {
  readonly hierarchy: Hierarchy
  readonly generateId: () => string
  readonly logger: Logger
}

/** Reads documents as of this commit, without permissions. */
export interface SyncContext extends ModuleContext {
  /** The document before the change; `undefined` if it was created. */
  readonly before: Doc | undefined
  /** The document after the change; `undefined` if it was removed. */
  readonly after: Doc | undefined
  /** Creates transactions with the signature of the transaction that started the trigger. */
  readonly bySender: TransactionFactory
  /** Creates transactions signed by the system. */
  readonly bySystem: TransactionFactory
  get: <T extends Doc>(_class: ClassRef<T>, id: Ref) => Promise<T | undefined>
  /** @throws StatusError InvalidQuery for an invalid query, a join or `$search` */
  findAll: <T extends Doc>(_class: ClassRef<T>, query: DocumentQuery) => Promise<T[]>
}

/** Reads committed documents, without permissions. */
export interface AsyncContext extends ModuleContext {
  /** The same in every run for this transaction: an idempotency key for effects elsewhere. */
  readonly key: string
  /** Aborts when the run takes too long or the workspace closes. */
  readonly signal: AbortSignal
  /** Creates transactions signed by the system. */
  readonly bySystem: TransactionFactory
  get: <T extends Doc>(_class: ClassRef<T>, id: Ref) => Promise<T | undefined>
  findAll: <T extends Doc>(_class: ClassRef<T>, query: DocumentQuery, options?: FindOptions) => Promise<T[]>
}

/**
 * `retried`: the run is repeated. `dead-letter`: the trigger gave up one transaction. `parked`: the trigger waits for
 * the next opening. `loop`: triggers start each other. `refused`: a synchronous trigger failed, and the request with
 * it. `hung`: it took too long. `paused`: it hung before, and was not run.
 */
export type TriggerFailure = 'retried' | 'dead-letter' | 'parked' | 'loop' | 'refused' | 'hung' | 'paused'

/** Counts failures. */
export interface TriggerObserver {
  /** `trigger`: `module.name` */
  triggerFailed: (trigger: string, failure: TriggerFailure) => void
}

/** A trigger with its full name, `module.name`. */
export type Installed<T extends Trigger = Trigger> = T & { readonly fullName: string }
