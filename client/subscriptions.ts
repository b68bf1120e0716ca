import type { ClassRef } from '../model/class-ref.ts'
import type { Class, Doc, Ref } from '../model/documents.ts'
import type { DocumentQuery, FindOptions, FindResult } from '../model/query/query.ts'
import type { Tx } from '../model/transactions.ts'
import type { ConnectionState } from './connection/connection-state.ts'
import type { LargeMessage } from './connection/requests.ts'
import { LiveMethod } from './live-method.ts'
import type { Conflict } from './optimistic/changes.ts'
import type { Reads } from './reads.ts'
import { CopyCache } from './runtime/copies.ts'
import type { Cancel } from './runtime/environment.ts'
import { callSafely } from './runtime/report.ts'
import type { Session } from './session.ts'

/** Live queries and listeners. Each subscription returns a function that unsubscribes. */
export class Subscriptions {
  readonly #session: Session
  readonly #reads: Pick<Reads, 'stream'>

  constructor(session: Session, reads: Pick<Reads, 'stream'>) {
    this.#session = session
    this.#reads = reads
  }

  /**
   * Calls back with the result of a query when it is loaded and whenever it changes: by committed transactions of
   * anyone, and at once by changes of this client. Errors that the callback throws are reported to `onError`; they do not
   * affect other subscriptions. Returns a function that unsubscribes.
   *
   * @param onError called when the query fails, until it has a newer result. Default: the listeners of `client.onError`
   *
   * @example
   * const unsubscribe = client.query(board.class.Task, { status: 'todo' }, { limit: 20 }, (tasks) => show(tasks))
   * unsubscribe()
   */
  query<T extends Doc = Doc>(
    _class: ClassRef<T> | Ref<Class>,
    query: DocumentQuery<T>,
    options: FindOptions,
    callback: (result: FindResult<T>) => void,
    onError?: (error: unknown) => void,
  ): Cancel {
    // Only the class decides the type of the documents, so that the compiler cannot follow it through the live query.
    const request = { _class, query: query as DocumentQuery, options }
    const result = (found: FindResult) => callback(found as FindResult<T>)
    return this.#session.queries.subscribe(request, { result, error: onError })
  }

  /**
   * Calls back with the result of a live method of a module when it is loaded, and with each later one that differs: the
   * server runs the method again when a document that it depends on changes. After a lost connection it is called again.
   * Returns a function that unsubscribes.
   *
   * @param onError called once when the method fails, which ends the subscription. Default: the listeners of
   *   `client.onError`
   *
   * @example
   * const unsubscribe = client.live('board.progress', [{ project }], (progress) => show(progress))
   * unsubscribe()
   */
  live<T = unknown>(
    method: string,
    params: readonly unknown[],
    callback: (result: T) => void,
    onError?: (error: unknown) => void,
  ): Cancel {
    const { clock, report } = this.#session.environment
    const subscription = new LiveMethod<T>({
      clock,
      stream: () => this.#reads.stream<T>(method, params),
      result: (result) => callSafely(report, () => callback(result)),
      error: (error) => (onError === undefined ? report(error) : callSafely(report, () => onError(error))),
    })
    return () => subscription.stop()
  }

  /**
   * Calls back whenever the state of the connection changes. Returns a function that unsubscribes.
   *
   * @example
   * const unsubscribe = client.onConnectionState(({ phase }) => show(phase))
   * unsubscribe()
   */
  onConnectionState(listener: (state: ConnectionState) => void): Cancel {
    return this.#session.states.on(listener)
  }

  /**
   * Calls back with committed transactions, and with the position in the log that they lead to. Returns a function that
   * unsubscribes.
   *
   * @example
   * const unsubscribe = client.onTransactions(({ txes, seq }) => show([seq, ...txes]))
   * unsubscribe()
   */
  onTransactions(listener: (pushed: { txes: readonly Tx[]; seq: number | undefined }) => void): Cancel {
    const { transactions, freezes } = this.#session
    const copies = new CopyCache(freezes)
    return transactions.on((pushed) => listener(copies.of(pushed)))
  }

  /**
   * Calls back when a stored change of an earlier page or process is refused, or was overtaken by newer changes
   * (`platform:status:Overtaken`): no promise is left to reject. Returns a function that unsubscribes.
   *
   * @example
   * const unsubscribe = client.onConflict(({ tx, error }) => show(`${tx._id}: ${error.status.code}`))
   * unsubscribe()
   */
  onConflict(listener: (conflict: Conflict) => void): Cancel {
    return this.#session.conflicts.on(listener)
  }

  /**
   * Calls back with each request that, with its response, took a megabyte or more. Returns a function that unsubscribes.
   *
   * @example
   * const unsubscribe = client.onLargeMessage((message) => show(message))
   * unsubscribe()
   */
  onLargeMessage(listener: (message: LargeMessage) => void): Cancel {
    return this.#session.largeMessages.on(listener)
  }

  /**
   * Calls back when the store fails, does not respond within five seconds, or has a damaged entry, which is skipped.
   * Changes that the server has not answered may be lost if this page or process ends now. Returns a function that
   * unsubscribes.
   *
   * @example
   * const unsubscribe = client.onStoreError((error) => show(error))
   * unsubscribe()
   */
  onStoreError(listener: (error: unknown) => void): Cancel {
    return this.#session.storeErrors.on(listener)
  }

  /**
   * Calls back with the errors that callbacks and listeners of the application throw, and with the errors of live queries
   * without an `onError`. Returns a function that unsubscribes.
   *
   * @example
   * const unsubscribe = client.onError((error) => show(error))
   * unsubscribe()
   */
  onError(listener: (error: unknown) => void): Cancel {
    return this.#session.errors.on(listener)
  }
}
