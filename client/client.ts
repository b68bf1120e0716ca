import type { ClassRef } from '../model/class-ref.ts'
import type { Account, AttachedDoc, Class, Doc, Ref, Space } from '../model/documents.ts'
import type { Hierarchy } from '../model/hierarchy.ts'
import type { DocumentQuery, FindOptions, FindResult, WithLookup } from '../model/query/query.ts'
import type { AttachedPlace, DocumentPlace, TransactionFactory } from '../model/transaction-factory.ts'
import type { DocumentMatch, Tx, TxCUD, UpdateOperations } from '../model/transactions.ts'
import type { ClientOptions } from './client-options.ts'
import type { ConnectionState } from './connection/connection-state.ts'
import type { RequestOptions } from './connection/request-options.ts'
import type { LargeMessage } from './connection/requests.ts'
import { type AttributesOf, Mutations } from './mutations.ts'
import type { Conflict } from './optimistic/changes.ts'
import { Reads, type SearchOptions, type SearchResult } from './reads.ts'
import type { WaitOptions } from './runtime/deadline.ts'
import type { Cancel } from './runtime/environment.ts'
import { Session } from './session.ts'
import { Subscriptions } from './subscriptions.ts'

/**
 * A client of one workspace. Requests wait for a connection; changes show in live queries at once. Every call may be
 * made right after the client was created. Calls reject with the `StatusError` that the server returns, or with a
 * `ClientError` when there will be no response. `Session`, `Reads`, `Mutations` and `Subscriptions` implement the methods;
 * details and examples are there.
 *
 * @example
 * const client = createClient({ url: 'ws://127.0.0.1:3333', getToken: () => token })
 * await client.ready()
 * const unsubscribe = client.query(board.class.Task, { status: 'todo' }, { limit: 20 }, (tasks) => show(tasks))
 * await client.createDoc(board.class.Task, project, { title: 'Try atrium' })
 * client.terminate()
 */
export class Client {
  readonly #session: Session
  readonly #reads: Reads
  readonly #mutations: Mutations
  readonly #subscriptions: Subscriptions

  constructor(options: ClientOptions) {
    this.#session = new Session(options)
    this.#reads = new Reads(this.#session)
    this.#mutations = new Mutations(this.#session)
    this.#subscriptions = new Subscriptions(this.#session)
    this.#session.start().catch(this.#session.environment.report)
  }

  /** Resolves when the model is loaded, from the server or from the store. */
  ready(waitOptions?: WaitOptions): Promise<void> {
    return this.#session.ready(waitOptions)
  }

  /**
   * The classes of the model; empty before `ready`. Read-only.
   *
   * @example
   * const label = client.hierarchy.findClass(board.class.Task)?.label
   */
  get hierarchy(): Hierarchy {
    return this.#session.model.model.hierarchy
  }

  /**
   * `_id` of the session's account; `undefined` until it is known.
   *
   * @example
   * if (client.account !== undefined) show(client.account)
   */
  get account(): Ref<Account> | undefined {
    return this.#session.account.id
  }

  /** Returns the documents that match a query. */
  findAll<T extends Doc = Doc>(
    _class: ClassRef<T> | Ref<Class>,
    query?: DocumentQuery<T>,
    options?: FindOptions,
    requestOptions?: RequestOptions,
  ): Promise<FindResult<T>> {
    return this.#reads.findAll(_class, query, options, requestOptions)
  }

  /** Returns the first document that matches a query. */
  findOne<T extends Doc = Doc>(
    _class: ClassRef<T> | Ref<Class>,
    query?: DocumentQuery<T>,
    options?: FindOptions,
    requestOptions?: RequestOptions,
  ): Promise<WithLookup<T> | undefined> {
    return this.#reads.findOne(_class, query, options, requestOptions)
  }

  /** Searches the full text of documents. The best match comes first. */
  search(query: string, options?: SearchOptions, requestOptions?: RequestOptions): Promise<SearchResult> {
    return this.#reads.search(query, options, requestOptions)
  }

  /** Calls back with the result of a query, now and whenever it changes. Returns a function that unsubscribes. */
  query<T extends Doc = Doc>(
    _class: ClassRef<T> | Ref<Class>,
    query: DocumentQuery<T>,
    options: FindOptions,
    callback: (result: FindResult<T>) => void,
    onError?: (error: unknown) => void,
  ): Cancel {
    return this.#subscriptions.query(_class, query, options, callback, onError)
  }

  /** Creates a document. Resolves with its id when the change is durable. */
  createDoc<T extends Doc>(
    _class: ClassRef<T>,
    space: Ref<Space>,
    attributes: AttributesOf<T, keyof Doc>,
    _id?: Ref<T>,
    requestOptions?: RequestOptions,
  ): Promise<Ref<T>> {
    return this.#mutations.createDoc(_class, space, attributes, _id, requestOptions)
  }

  /** Changes fields of a document. Resolves when the change is durable, like those below. */
  updateDoc(
    doc: DocumentPlace,
    operations: UpdateOperations,
    requestOptions?: RequestOptions,
  ): Promise<void> {
    return this.#mutations.updateDoc(doc, operations, requestOptions)
  }

  /** Removes a document and the documents attached to it. */
  removeDoc(doc: DocumentPlace, requestOptions?: RequestOptions): Promise<void> {
    return this.#mutations.removeDoc(doc, requestOptions)
  }

  /** Adds a mixin to a document, or changes the mixin's fields. */
  updateMixin(
    doc: DocumentPlace,
    mixin: Ref<Class>,
    attributes: UpdateOperations,
    requestOptions?: RequestOptions,
  ): Promise<void> {
    return this.#mutations.updateMixin(doc, mixin, attributes, requestOptions)
  }

  /** Creates a document in a collection of its parent, and increments the parent's counter. */
  addCollection<T extends AttachedDoc>(
    parent: DocumentPlace,
    collection: string,
    _class: ClassRef<T>,
    attributes: AttributesOf<T, keyof AttachedDoc>,
    _id?: Ref<T>,
    requestOptions?: RequestOptions,
  ): Promise<Ref<T>> {
    return this.#mutations.addCollection(parent, collection, _class, attributes, _id, requestOptions)
  }

  /** Changes a document of a collection. */
  updateCollection(
    doc: AttachedPlace,
    operations: UpdateOperations,
    requestOptions?: RequestOptions,
  ): Promise<void> {
    return this.#mutations.updateCollection(doc, operations, requestOptions)
  }

  /** Removes a document of a collection, and decrements the parent's counter. */
  removeCollection(doc: AttachedPlace, requestOptions?: RequestOptions): Promise<void> {
    return this.#mutations.removeCollection(doc, requestOptions)
  }

  /** Commits all of the transactions if every `match` finds a document and no `notMatch` does. Otherwise none. */
  applyIf(
    txes: TxCUD[],
    conditions?: { match?: DocumentMatch[]; notMatch?: DocumentMatch[]; scope?: string },
    requestOptions?: RequestOptions,
  ): Promise<{ success: boolean; derived: Tx[] }> {
    return this.#mutations.applyIf(txes, conditions, requestOptions)
  }

  /** Returns a factory of transactions for `tx` and `applyIf`, signed with the session's account. */
  transactions(waitOptions?: WaitOptions): Promise<TransactionFactory> {
    return this.#mutations.transactions(waitOptions)
  }

  /** Sends a transaction. It takes effect once, however often it is sent. */
  tx<T = unknown>(tx: Tx, requestOptions?: RequestOptions): Promise<T> {
    return this.#mutations.tx(tx, requestOptions)
  }

  /** Calls a method of the server or of one of its modules. */
  call<T = unknown>(
    method: string,
    params?: readonly unknown[],
    requestOptions?: RequestOptions,
  ): Promise<T> {
    return this.#reads.call(method, params, requestOptions)
  }

  /** Calls a method of a module that streams: its values one by one. To leave the loop cancels it on the server. */
  stream<T = unknown>(
    method: string,
    params?: readonly unknown[],
    waitOptions?: WaitOptions,
  ): AsyncIterableIterator<T> {
    return this.#reads.stream(method, params, waitOptions)
  }

  /** Measures the server time of this session in milliseconds, until the returned function is called. */
  measure(operation: string, requestOptions?: RequestOptions): Promise<() => Promise<number>> {
    return this.#reads.measure(operation, requestOptions)
  }

  /** The state of the connection now. */
  connectionState(): ConnectionState {
    return this.#session.connectionState()
  }

  /** Calls back whenever the state of the connection changes. Returns a function that unsubscribes. */
  onConnectionState(listener: (state: ConnectionState) => void): Cancel {
    return this.#subscriptions.onConnectionState(listener)
  }

  /** Calls back with committed transactions, and with the position in the log that they lead to. */
  onTransactions(listener: (pushed: { txes: readonly Tx[]; seq: number | undefined }) => void): Cancel {
    return this.#subscriptions.onTransactions(listener)
  }

  /** Calls back when a stored change of an earlier page or process is refused, or was overtaken. */
  onConflict(listener: (conflict: Conflict) => void): Cancel {
    return this.#subscriptions.onConflict(listener)
  }

  /** Calls back with each request that, with its response, took a megabyte or more. */
  onLargeMessage(listener: (message: LargeMessage) => void): Cancel {
    return this.#subscriptions.onLargeMessage(listener)
  }

  /** Calls back when the store fails, does not respond within five seconds, or has a damaged entry. */
  onStoreError(listener: (error: unknown) => void): Cancel {
    return this.#subscriptions.onStoreError(listener)
  }

  /** Calls back with the errors that callbacks of the application throw. */
  onError(listener: (error: unknown) => void): Cancel {
    return this.#subscriptions.onError(listener)
  }

  /** Holds requests back until `resume`; pushes still arrive. */
  pause(): void {
    this.#session.pause()
  }

  /** Sends the requests that have waited since `pause`. */
  resume(): void {
    this.#session.resume()
  }

  /** Closes the connection until `restart`; requests wait. */
  stop(): void {
    this.#session.stop()
  }

  /** Connects again after `stop`, or after the server refused the client. */
  restart(): void {
    this.#session.restart()
  }

  /** Ends the client for good: pending calls are rejected, and live queries call back no more. Idempotent. */
  terminate(): void {
    this.#session.terminate()
  }
}

/**
 * Creates a client, which connects and reconnects on its own. See `Client`.
 *
 * @example
 * const client = createClient({ url, getToken: () => token })
 * client.terminate()
 */
export function createClient(options: ClientOptions): Client {
  return new Client(options)
}
