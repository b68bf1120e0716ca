import type { ClassRef } from '../../model/class-ref.ts'
import type { Class, ClassId, Doc, Ref } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { TransactionFactory } from '../../model/transaction-factory.ts'
import type { Logger } from '../shared/logger.ts'

/** The changes a trigger is for. */
export interface TriggerMatch {
  /** Of documents of these classes, and of those that come of them; of documents that get these mixins. */
  classes: readonly Ref<Class>[]
  /** Made by transactions of these classes, directly or through a collection; by any when left out. */
  transactions?: readonly ClassId[]
}

interface NamedTrigger {
  /** Unique within its module. */
  name: string
  on: TriggerMatch
}

/**
 * Adds transactions to the very commit that sets it off, derived ones and cascades included. Any StatusError it
 * throws refuses the whole request; another error is answered with InternalServerError. It may run more than
 * once for one transaction, when a commit has to be staged again: it has no effects but what it returns.
 */
export interface SyncTrigger extends NamedTrigger {
  kind: 'sync'
  run: (context: SyncContext, tx: TxCUD) => readonly TxCUD[] | Promise<readonly TxCUD[]>
}

/**
 * Runs after the answer, for one transaction after another in the order of the log, and goes on from where it
 * was when the workspace opens again. What it returns is committed once; other effects happen at least once.
 * When it fails it is tried again, and at last the transaction is set aside.
 */
export interface AsyncTrigger extends NamedTrigger {
  kind: 'async'
  run: (context: AsyncContext, tx: TxCUD) => readonly TxCUD[] | Promise<readonly TxCUD[]>
}

export type Trigger = SyncTrigger | AsyncTrigger

/** What every part of a module may use. */
export interface ModuleContext {
  readonly hierarchy: Hierarchy
  readonly generateId: () => string
  readonly logger: Logger
}

/** Documents as they will be after this commit, whoever may see them. */
export interface SyncContext extends ModuleContext {
  /** As the transaction found the document, unless it made it. */
  readonly before: Doc | undefined
  /** As the transaction left the document, unless it removed it. */
  readonly after: Doc | undefined
  /** Makes transactions signed like the one that set off the trigger. */
  readonly bySender: TransactionFactory
  /** Makes transactions signed by the system. */
  readonly bySystem: TransactionFactory
  get: <T extends Doc>(_class: ClassRef<T>, id: Ref) => Promise<T | undefined>
  /** @throws StatusError InvalidQuery for a query that does not stand; with joins or `$search`, too */
  findAll: <T extends Doc>(_class: ClassRef<T>, query: DocumentQuery) => Promise<T[]>
}

/** Committed documents, whoever may see them. */
export interface AsyncContext extends ModuleContext {
  /** The same each time the trigger runs for this transaction: an idempotency key for effects elsewhere. */
  readonly key: string
  /** The run takes too long, or the workspace closes. */
  readonly signal: AbortSignal
  /** Makes transactions signed by the system. */
  readonly bySystem: TransactionFactory
  get: <T extends Doc>(_class: ClassRef<T>, id: Ref) => Promise<T | undefined>
  findAll: <T extends Doc>(_class: ClassRef<T>, query: DocumentQuery, options?: FindOptions) => Promise<T[]>
}

/**
 * `retried`: it will run again. `set-aside`: it was given up for one transaction. `parked`: it waits for the next
 * opening. `loop`: triggers set each other off. `refused`: a synchronous one failed, and the request with it.
 */
export type TriggerFailure = 'retried' | 'dead-letter' | 'parked' | 'loop' | 'refused'

/** Where triggers are counted. */
export interface TriggerObserver {
  /** `trigger`: `module.name` */
  triggerFailed: (trigger: string, failure: TriggerFailure) => void
}

/** A trigger under its full name, `module.name`. */
export type Installed<T extends Trigger = Trigger> = T & { readonly fullName: string }
