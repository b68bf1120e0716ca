import { generateId } from '../model/generate-id.ts'
import type { ClassRef } from '../model/class-ref.ts'
import type { Account, AttachedDoc, Class, Doc, Ref, Space } from '../model/documents.ts'
import type { Hierarchy } from '../model/hierarchy.ts'
import { core } from '../model/identifiers.ts'
import type { SearchPrefix } from '../model/query/search-terms.ts'
import type { DocumentQuery, FindOptions, FindResult, WithLookup } from '../model/query/query.ts'
import type { AttachedPlace, DocumentPlace, TransactionFactory } from '../model/transaction-factory.ts'
import type { DocumentMatch, Tx, TxApplyIf, TxCUD, UpdateOperations } from '../model/transactions.ts'
import type { Conflict } from './optimistic/changes.ts'
import type { ClientOptions } from './client-options.ts'
import { deepFreeze, CopyCache } from './runtime/copies.ts'
import type { Cancel } from './runtime/environment.ts'
import type { Emitter } from './runtime/emitter.ts'
import { outgoingFields, outgoingParams, outgoingTransaction } from './live-queries/outgoing.ts'
import type { Deadline, WaitOptions } from './runtime/deadline.ts'
import type { ConnectionState } from './connection/connection-state.ts'
import type { LargeMessage, RequestOptions } from './connection/requests.ts'
import { Session } from './session.ts'

export interface SearchOptions {
  classes?: Ref<Class>[]
  spaces?: Ref<Space>[]
  limit?: number
  /** Which words may be the beginning of a word; all where nothing is said. */
  prefix?: SearchPrefix
}

/** What a search finds. */
export interface SearchResult {
  docs: { id: string; title?: string; doc: { _id: string; _class: string }; score?: number }[]
  total?: number
}

type AttributesOf<T extends Doc, Header extends PropertyKey> = Partial<Omit<T, Header>> &
  Record<string, unknown>

/**
 * A client of one workspace: what it is asked calls for a connection, what it shows is kept exact, what it is told to
 * change shows at once and is sent until the server has answered.
 *
 * @example
 * const client = createClient({ url: 'ws://127.0.0.1:3333', getToken: () => token })
 * await client.ready()
 * const stop = client.query(board.class.Task, { status: 'todo' }, { limit: 20 }, (tasks) => show(tasks))
 * await client.createDoc(board.class.Task, project, { title: 'Try atrium' })
 * client.terminate()
 */
export class Client {
  readonly #session: Session

  constructor(options: ClientOptions) {
    this.#session = new Session(options)
    this.#session.start().catch(this.#session.environment.report)
  }

  /**
   * Resolves once the client has been connected and knows the model; at once when a store had it.
   *
   * @throws ClientError when the client ends, the server refuses it, or its time is over
   *
   * @example
   * await client.ready({ timeout: 10_000 })
   * show(client.hierarchy.findClass(board.class.Task))
   */
  async ready(waitOptions?: WaitOptions): Promise<void> {
    const { calls, model } = this.#session
    await calls.run('ready', waitOptions, (deadline) => deadline.race(model.loaded))
  }

  /**
   * The model's classes; empty before `ready`.
   *
   * @example
   * const label = client.hierarchy.findClass(board.class.Task)?.label
   */
  get hierarchy(): Hierarchy {
    return this.#session.model.model.hierarchy
  }

  /**
   * `_id` of the account the session is of; undefined before the first connection.
   *
   * @example
   * const { account } = client
   * if (account !== undefined) show(await client.findAll(board.class.Task, { assignee: account }))
   */
  get account(): Ref<Account> | undefined {
    return this.#session.account.id
  }

  /**
   * What a query finds, once. In development it is frozen, as what live queries show: `[...tasks].sort()` sorts a copy.
   *
   * @throws StatusError what the server answered; ClientError when there will be no answer
   *
   * @example
   * const tasks = await client.findAll(board.class.Task, { status: 'todo' }, { sort: { rank: 1 }, limit: 20 })
   * show(tasks.total)
   */
  async findAll<T extends Doc = Doc>(
    _class: ClassRef<T> | Ref<Class>,
    query: DocumentQuery<T> = {} as DocumentQuery<T>,
    options: FindOptions = {},
    requestOptions?: RequestOptions,
  ): Promise<FindResult<T>> {
    const found: FindResult<T> = await this.call('findAll', [_class, query, options], requestOptions)
    return this.#session.freezes ? deepFreeze(found) : found
  }

  /**
   * The first one found.
   *
   * @example
   * const found = await client.findOne(board.class.Task, { title: { $like: 'Try%' } })
   */
  async findOne<T extends Doc = Doc>(
    _class: ClassRef<T> | Ref<Class>,
    query: DocumentQuery<T> = {} as DocumentQuery<T>,
    options: FindOptions = {},
    requestOptions?: RequestOptions,
  ): Promise<WithLookup<T> | undefined> {
    const [first] = await this.findAll<T>(_class, query, { ...options, limit: 1 }, requestOptions)
    return first
  }

  /**
   * Documents with the words, the best first.
   *
   * @example
   * const { docs } = await client.search('atrium', { classes: [board.class.Task], limit: 10 })
   */
  async search(
    query: string,
    options: SearchOptions = {},
    requestOptions?: RequestOptions,
  ): Promise<SearchResult> {
    const { limit, prefix, ...narrowed } = options
    return await this.call(
      'searchFulltext',
      [
        { query, ...narrowed },
        { limit, prefix },
      ],
      requestOptions,
    )
  }

  /**
   * Calls back with the result of the query as soon as it is known, and whenever it changes: with what is committed by
   * anyone, and at once with what is changed here. What the callback throws is told to `onError`, and nobody else notices.
   *
   * @param onError told why there is no newer result; left out, `client.onError` is
   * @returns call it to stop
   *
   * @example
   * const stop = client.query(board.class.Task, { status: 'todo' }, { limit: 20 }, (tasks) => show(tasks))
   * stop()
   */
  query<T extends Doc = Doc>(
    _class: ClassRef<T> | Ref<Class>,
    query: DocumentQuery<T>,
    options: FindOptions,
    callback: (result: FindResult<T>) => void,
    onError?: (error: unknown) => void,
  ): Cancel {
    const request = { _class, query: query as DocumentQuery, options }
    const result = (found: FindResult) => callback(found as unknown as FindResult<T>)
    return this.#session.queries.subscribe(request, { result, error: onError })
  }

  /**
   * Makes a document; resolves with its id once the change is durable.
   *
   * @example
   * const id = await client.createDoc(board.class.Task, project, { title: 'Try atrium' })
   */
  async createDoc<T extends Doc>(
    _class: ClassRef<T>,
    space: Ref<Space>,
    attributes: AttributesOf<T, keyof Doc>,
    _id: Ref<T> = generateId<T>(),
    requestOptions?: RequestOptions,
  ): Promise<Ref<T>> {
    const own = outgoingFields('attributes', attributes)
    await this.#commit('createDoc', requestOptions, (make) =>
      make.create(_class, space, own, { _id: _id as Ref }),
    )
    return _id
  }

  /**
   * Changes fields of a document; resolves once the change is durable, as do those below.
   *
   * @example
   * await client.updateDoc(task, { status: 'done', $push: { labels: 'star' } })
   */
  async updateDoc(
    doc: DocumentPlace,
    operations: UpdateOperations,
    requestOptions?: RequestOptions,
  ): Promise<void> {
    const own = outgoingFields('operations', operations)
    await this.#commit('updateDoc', requestOptions, (make) => make.update(doc, own))
  }

  /**
   * Removes a document, and what is attached to it.
   *
   * @example
   * await client.removeDoc(task)
   */
  async removeDoc(doc: DocumentPlace, requestOptions?: RequestOptions): Promise<void> {
    await this.#commit('removeDoc', requestOptions, (make) => make.remove(doc))
  }

  /**
   * Gives the document a mixin, or changes its fields.
   *
   * @example
   * await client.updateMixin(task, board.mixin.Estimated, { hours: 3 })
   */
  async updateMixin(
    doc: DocumentPlace,
    mixin: Ref<Class>,
    attributes: UpdateOperations,
    requestOptions?: RequestOptions,
  ): Promise<void> {
    const own = outgoingFields('attributes', attributes)
    await this.#commit('updateMixin', requestOptions, (make) => make.mixin(doc, mixin, own))
  }

  /**
   * Makes a document in a collection of another, whose counter goes up.
   *
   * @example
   * const id = await client.addCollection(task, 'comments', board.class.Comment, { message: 'Well done' })
   */
  async addCollection<T extends AttachedDoc>(
    parent: DocumentPlace,
    collection: string,
    _class: ClassRef<T>,
    attributes: AttributesOf<T, keyof AttachedDoc>,
    _id: Ref<T> = generateId<T>(),
    requestOptions?: RequestOptions,
  ): Promise<Ref<T>> {
    const own = outgoingFields('attributes', attributes)
    await this.#commit('addCollection', requestOptions, (make) =>
      make.attach(parent, collection, _class, own, { _id: _id as Ref }),
    )
    return _id
  }

  /**
   * Changes a document of a collection.
   *
   * @example
   * await client.updateCollection(comment, { message: 'Very well done' })
   */
  async updateCollection(
    doc: AttachedPlace,
    operations: UpdateOperations,
    requestOptions?: RequestOptions,
  ): Promise<void> {
    const own = outgoingFields('operations', operations)
    await this.#commit('updateCollection', requestOptions, (make) => make.within(doc, make.update(doc, own)))
  }

  /**
   * Removes a document of a collection, whose counter goes down.
   *
   * @example
   * await client.removeCollection(comment)
   */
  async removeCollection(doc: AttachedPlace, requestOptions?: RequestOptions): Promise<void> {
    await this.#commit('removeCollection', requestOptions, (make) => make.within(doc, make.remove(doc)))
  }

  /**
   * All of the transactions, if every `match` finds a document and every `notMatch` none; else nothing.
   *
   * @example
   * const make = await client.transactions()
   * const { success } = await client.applyIf([make.update(task, { status: 'doing' })], {
   *   match: [{ _class: board.class.Task, query: { _id: task._id, status: 'todo' } }],
   * })
   */
  async applyIf(
    txes: TxCUD[],
    conditions: { match?: DocumentMatch[]; notMatch?: DocumentMatch[]; scope?: string } = {},
    requestOptions?: RequestOptions,
  ): Promise<{ success: boolean; derived: Tx[] }> {
    const { calls, account, changes, environment } = this.#session
    const own = outgoingTransaction({ txes, ...conditions })
    return await calls.run('applyIf', requestOptions, async (deadline) => {
      const tx: TxApplyIf = {
        _id: generateId() as TxApplyIf['_id'],
        _class: core.class.TxApplyIf,
        space: core.space.Tx,
        objectSpace: core.space.Tx,
        modifiedBy: await account.known(deadline),
        modifiedOn: environment.clock.now(),
        ...own,
      }
      const result = await changes.send(tx, requestOptions, deadline)
      return result as { success: boolean; derived: Tx[] }
    })
  }

  /**
   * Makes transactions signed by this client, for `tx` and `applyIf`; resolves when it is known whose session it is.
   *
   * @throws ClientError as `ready`
   *
   * @example
   * const make = await client.transactions()
   * await client.tx(make.update(task, { $push: { labels: 'star' } }))
   */
  async transactions(waitOptions?: WaitOptions): Promise<TransactionFactory> {
    const session = this.#session
    return await session.calls.run('transactions', waitOptions, (deadline) => session.factory(deadline))
  }

  /**
   * Sends a transaction: live queries show it at once, and go back where the server refuses it. Sent until it is
   * answered, it takes effect once.
   *
   * @throws StatusError why the server refuses it; ClientError when there will be no answer, `uncertain` where it may have
   *   taken effect
   *
   * @example
   * const make = await client.transactions()
   * await client.tx(make.remove(task))
   */
  async tx<T = unknown>(tx: Tx, requestOptions?: RequestOptions): Promise<T> {
    const { calls, changes } = this.#session
    const own = outgoingTransaction(tx)
    const send = (deadline: Deadline) => changes.send(own, requestOptions, deadline)
    return (await calls.run('tx', requestOptions, send)) as T
  }

  /**
   * Calls a method of the server or of one of its modules.
   *
   * @example
   * const account = await client.call('getAccount')
   */
  async call<T = unknown>(
    method: string,
    params: readonly unknown[] = [],
    requestOptions?: RequestOptions,
  ): Promise<T> {
    const { calls, connection } = this.#session
    const own = outgoingParams(method, params)
    const request = (deadline: Deadline) => connection.request(method, own, requestOptions, deadline)
    return (await calls.run(method, requestOptions, request)).result as T
  }

  /**
   * Starts to measure; call the answer to end: milliseconds the server spent on this session's requests meanwhile.
   *
   * @example
   * const done = await client.measure('import')
   * await client.createDoc(board.class.Task, project, { title: 'Imported' })
   * show(await done())
   */
  async measure(operation: string, requestOptions?: RequestOptions): Promise<() => Promise<number>> {
    await this.call('measure', [operation], requestOptions)
    return async () => await this.call<number>('measure-done', [operation])
  }

  /**
   * What it knows of its connection: see `ConnectionState`.
   *
   * @example
   * const { phase, unanswered } = client.connectionState()
   */
  connectionState(): ConnectionState {
    return this.#session.connection.state
  }

  /**
   * Called whenever the state changes. Call the answer to stop; the same goes for those below.
   *
   * @example
   * const stop = client.onConnectionState(({ phase }) => show(phase))
   * stop()
   */
  onConnectionState(listener: (state: ConnectionState) => void): Cancel {
    return this.#session.states.on(listener)
  }

  /**
   * Called with transactions as they are committed, and with the place in the log they lead to.
   *
   * @example
   * const stop = client.onTransactions(({ txes, seq }) => show([seq, ...txes]))
   * stop()
   */
  onTransactions(listener: (pushed: { txes: readonly Tx[]; seq: number | undefined }) => void): Cancel {
    return this.#listen(this.#session.transactions, listener)
  }

  /**
   * Called when a change that was kept from an earlier life is refused, or was overtaken by newer ones (`Overtaken`), as
   * nobody calls for it.
   *
   * @example
   * const stop = client.onConflict(({ tx, error }) => show(`${tx._id}: ${error.status.code}`))
   * stop()
   */
  onConflict(listener: (conflict: Conflict) => void): Cancel {
    return this.#session.conflicts.on(listener)
  }

  /**
   * Called with each request that took a megabyte or more, one way or the other.
   *
   * @example
   * const stop = client.onLargeMessage((message) => show(message))
   * stop()
   */
  onLargeMessage(listener: (message: LargeMessage) => void): Cancel {
    return this.#session.largeMessages.on(listener)
  }

  /**
   * Called when the store fails, does not answer within five seconds, or has a damaged entry, which is left out: what is
   * not answered yet may be lost if this page or process ends now.
   *
   * @example
   * const stop = client.onStoreError((error) => show(error))
   * stop()
   */
  onStoreError(listener: (error: unknown) => void): Cancel {
    return this.#session.storeErrors.on(listener)
  }

  /**
   * Called with what a callback or listener of the application throws, or its promise is rejected with, and with the
   * failures of live queries without an `onError`. Nothing else comes of them.
   *
   * @example
   * const stop = client.onError((error) => show(error))
   * stop()
   */
  onError(listener: (error: unknown) => void): Cancel {
    return this.#session.errors.on(listener)
  }

  /**
   * Requests wait until `resume`; pushes come as ever.
   *
   * @example
   * client.pause()
   * const answer = client.findAll(board.class.Task, { status: 'todo' })
   * client.resume()
   * await answer
   */
  pause(): void {
    this.#session.connection.pause()
  }

  /**
   * Sends what waited since `pause`.
   *
   * @example
   * client.resume()
   */
  resume(): void {
    this.#session.connection.resume()
  }

  /**
   * Closes the connection until `restart`.
   *
   * @example
   * client.stop()
   * show(client.connectionState().phase)
   * client.restart()
   */
  stop(): void {
    this.#session.connection.stop()
  }

  /**
   * Connects again after `stop`.
   *
   * @example
   * client.stop()
   * client.restart()
   * await client.findAll(board.class.Task)
   */
  restart(): void {
    this.#session.restart()
  }

  /**
   * Ends the client: whatever somebody calls for is rejected, live queries are silent. Idempotent.
   *
   * @example
   * client.terminate()
   */
  terminate(): void {
    this.#session.terminate()
  }

  async #commit(
    what: string,
    options: RequestOptions | undefined,
    make: (factory: TransactionFactory) => Tx,
  ): Promise<void> {
    const { calls, changes } = this.#session
    await calls.run(what, options, async (deadline) => {
      const tx = outgoingTransaction(make(await this.#session.factory(deadline)))
      await changes.send(tx, options, deadline)
    })
  }

  /** Each listener has what it is told to itself. */
  #listen<T extends object>(emitter: Emitter<[event: T]>, listener: (event: T) => void): Cancel {
    const handedOut = new CopyCache(this.#session.freezes)
    return emitter.on((event) => listener(handedOut.of(event)))
  }
}

/**
 * A client that connects by itself, and again whenever it has to. See `Client`.
 *
 * @example
 * const client = createClient({ url, getToken: () => token })
 * client.terminate()
 */
export function createClient(options: ClientOptions): Client {
  return new Client(options)
}
