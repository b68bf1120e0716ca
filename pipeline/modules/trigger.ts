import type { ClassRef } from '../../model/class-ref.ts'
import type { Class, ClassId, Doc, Ref } from '../../model/documents.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { TransactionFactory } from '../../model/transaction-factory.ts'
import type { Duration } from '../shared/duration.ts'
import type { Acting, ModuleContext, WorkspaceContext } from './context.ts'

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
 * Runs after the response, and continues where it stopped when the workspace opens again. Transactions with the same
 * key have their turns in the order of the log, one at a time. The returned transactions are committed exactly once;
 * other effects happen at least once. A failed run is repeated; what the policy gives up becomes a dead letter.
 */
export interface AsyncTrigger extends NamedTrigger {
  kind: 'async'
  /** When a failed run is repeated. A failing transaction holds up those of its key, and no others. */
  retry?: RetryPolicy
  /** Runs at once; 1 if omitted. A run sees what runs that ended before made, however many there are. */
  concurrency?: number
  /** The key of a transaction; its `objectId` if omitted. */
  orderBy?: (tx: TxCUD) => string
  /** Maximum duration of a run. Its key waits until it has really ended. */
  timeout?: Duration
  /** Earlier names: the trigger continues where they stopped. `module.name` if it was in another module. */
  was?: readonly string[]
  /** Where the trigger begins in a workspace that does not know it; with the next transaction if omitted. */
  from?: 'now' | 'start'
  run: (context: AsyncContext, tx: TxCUD) => readonly TxCUD[] | Promise<readonly TxCUD[]>
}

/**
 * When a failed run is repeated. `throw new RetryAfter(milliseconds)` sets the next delay, and
 * `throw new Permanent(reason)` gives up at once.
 */
export interface RetryPolicy {
  /** The time from the first failure after which no run is repeated; `24h` if omitted. */
  for?: Duration
  /** Maximum delay between two runs; `10m` if omitted. */
  max?: Duration
  /** Delay before the second run, which doubles with each further one; `100ms` if omitted. */
  first?: Duration
  /** Maximum number of runs; no limit if omitted. */
  attempts?: number
}

export type Trigger = SyncTrigger | AsyncTrigger

/** Reads documents as of this commit, without permissions. */
export interface SyncContext extends ModuleContext, WorkspaceContext {
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
export interface AsyncContext extends ModuleContext, WorkspaceContext {
  /** The same in every run for this transaction: an idempotency key for effects elsewhere. */
  readonly key: string
  /** Aborts when the run takes too long or the workspace closes. */
  readonly signal: AbortSignal
  /** Creates transactions signed by the system. */
  readonly bySystem: TransactionFactory
  /** Acts without bounds. Its commits are in addition to what is returned: each happens once for all runs, by its place. */
  readonly asSystem: Acting
  /** Acts as the account whose transaction it is, with its permissions. */
  readonly asSender: Acting
  /** The document before the transaction; `undefined` if it was created. Replays its history on the first call. */
  readonly before: () => Promise<Doc | undefined>
  /** The document after the transaction; `undefined` if it was removed. It may have changed since. */
  readonly after: () => Promise<Doc | undefined>
  get: <T extends Doc>(_class: ClassRef<T>, id: Ref) => Promise<T | undefined>
  findAll: <T extends Doc>(_class: ClassRef<T>, query: DocumentQuery, options?: FindOptions) => Promise<T[]>
}

/**
 * `retried`: the run is repeated. `hung`: a run goes on beyond its time. `dead-letter`: the trigger gave up one
 * transaction. `crashed`: the same, as the server ended during its runs. `parked`: the trigger waits for the next
 * opening. `loop`: triggers start each other. `refused`: a synchronous trigger failed, and the request with it.
 * `paused`: it hung before, and was not run.
 */
export type TriggerFailure =
  'retried' | 'hung' | 'dead-letter' | 'crashed' | 'parked' | 'loop' | 'refused' | 'paused'

/** Counts runs and failures. */
export interface TriggerObserver {
  /** `trigger`: `module.name` */
  triggerFailed: (trigger: string, failure: TriggerFailure) => void
  /** A run ended, with or without success. */
  triggerRan?: (trigger: string, seconds: number) => void
}

/** A trigger with its module, and its full name, `module.name`. */
export type Installed<T extends Trigger = Trigger> = T & {
  readonly module: string
  readonly fullName: string
  /** It is the server's own: changes of the state of modules start it. */
  readonly isOfState?: true
}
