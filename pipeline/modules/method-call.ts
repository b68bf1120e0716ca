import type { ClassRef } from '../../model/class-ref.ts'
import type { Doc, Ref } from '../../model/documents.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import type { TransactionFactory } from '../../model/transaction-factory.ts'
import type { DocumentMatch, TxCUD } from '../../model/transactions.ts'
import type { Caller } from '../shared/caller.ts'
import type { ModuleContext } from './trigger.ts'

/** Reads and writes documents on behalf of one account. */
export interface WriteContext extends ModuleContext {
  /** Creates transactions for `commit` with the correct signature. */
  readonly factory: TransactionFactory
  findAll: <T extends Doc>(_class: ClassRef<T>, query: DocumentQuery, options?: FindOptions) => Promise<T[]>
  /** Commits all of the transactions or none. @throws StatusError */
  commit: (txes: readonly TxCUD[]) => Promise<void>
}

/** Conditions of a change: every `match` finds a document and no `notMatch` does. */
export interface Conditions {
  match?: DocumentMatch[]
  notMatch?: DocumentMatch[]
}

/**
 * Runs as the caller, with the caller's permissions. After `signal` has aborted, or the method has returned, nothing is
 * committed any more: `commit` and the like throw.
 */
export interface MethodCall extends WriteContext {
  readonly caller: Caller
  /**
   * Aborts when the method takes too long, when the client cancels the call, when the session ends and does not come back
   * for the result, and when the workspace closes. The reason is a StatusError.
   */
  readonly signal: AbortSignal
  /** The same when the client sends the call again: an idempotency key for effects elsewhere. */
  readonly key: string
  /**
   * Commits all of the transactions if the conditions hold, otherwise none.
   * @returns whether they held
   * @throws StatusError
   */
  applyIf: (txes: readonly TxCUD[], conditions: Conditions) => Promise<boolean>
  /**
   * Runs the function and commits what it collects, all or nothing, if nothing that it has read has changed until then.
   * Otherwise the function runs again, so it has no other effects.
   * @returns what the function returns
   * @throws StatusError Conflict if something has changed in each of several runs; the errors of the function
   * @example
   * const taken = await transaction(async (t) => {
   *   const seat = await t.get(cinema.class.Seat, id)
   *   if (seat === undefined || seat.guest !== null) return false
   *   t.commit([t.factory.update(seat, { guest: caller.account })])
   *   return true
   * })
   */
  transaction: <T>(work: (transaction: MethodTransaction) => T | Promise<T>) => Promise<T>
}

/** Reads what is committed, without the transaction's own changes, and collects changes. */
export interface MethodTransaction {
  readonly factory: TransactionFactory
  findAll: <T extends Doc>(_class: ClassRef<T>, query: DocumentQuery, options?: FindOptions) => Promise<T[]>
  get: <T extends Doc>(_class: ClassRef<T>, id: Ref) => Promise<T | undefined>
  /** Adds to what is committed when the function has returned. */
  commit: (txes: readonly TxCUD[]) => void
  /** Adds the transactions if the conditions hold, which is checked again when the transaction is committed. */
  applyIf: (txes: readonly TxCUD[], conditions: Conditions) => Promise<boolean>
}
