import { generateId } from '../model/generate-id.ts'
import type { ClassRef } from '../model/class-ref.ts'
import type { Account, AttachedDoc, Class, Doc, Ref, Space } from '../model/documents.ts'
import type { Hierarchy } from '../model/hierarchy.ts'
import { core } from '../model/identifiers.ts'
import type { DocumentQuery, FindOptions, FindResult, WithLookup } from '../model/query/query.ts'
import { type AttachedPlace, type DocumentPlace, TransactionFactory } from '../model/transaction-factory.ts'
import type { DocumentMatch, Tx, TxApplyIf, TxCUD, UpdateOperations } from '../model/transactions.ts'
import { Changes, type Conflict } from './changes.ts'
import type { ClientOptions } from './client-options.ts'
import type { PushListener } from './connection.ts'
import { environmentOf } from './client-options.ts'
import type { Cancel, Environment } from './environment.ts'
import { Emitter } from './emitter.ts'
import { ModelLoader } from './model/model-loader.ts'
import { LiveQueries } from './queries/live-queries.ts'
import type { QueryListener } from './queries/live-query.ts'
import type { ConnectionState } from './reconnecting/connection-state.ts'
import { ReconnectingConnection } from './reconnecting/reconnecting-connection.ts'
import type { LargeMessage, RequestOptions } from './reconnecting/requests.ts'
import type { ClientStore } from './store/client-store.ts'
import { GuardedStore } from './store/guarded-store.ts'

/** What a search finds. */
export interface SearchResult {
  docs: { id: string; title?: string; doc: { _id: string; _class: string }; score?: number }[]
  total?: number
}

/** Where the store keeps whose session it was. */
const ACCOUNT = 'account'

type AttributesOf<T extends Doc, Header extends PropertyKey> = Partial<Omit<T, Header>> &
  Record<string, unknown>

/**
 * A client of one workspace: what it is asked waits for a connection, what it shows is kept exact, what it is told to
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
  readonly #environment: Environment
  readonly #connection: ReconnectingConnection
  readonly #model: ModelLoader
  readonly #queries: LiveQueries
  readonly #changes: Changes
  readonly #states = new Emitter<ConnectionState>()
  readonly #transactions = new Emitter<{ txes: readonly Tx[]; seq: number | undefined }>()
  readonly #conflicts = new Emitter<Conflict>()
  readonly #largeMessages = new Emitter<LargeMessage>()
  readonly #storeErrors = new Emitter<unknown>()
  readonly #store: ClientStore | undefined
  /** Settles when it is known whose session it is. */
  readonly #isSignedIn: Promise<void>
  #tellSignedIn: () => void = () => undefined
  #account: Ref<Account> | undefined

  constructor(options: ClientOptions) {
    this.#environment = environmentOf(options)
    const { clock } = this.#environment
    this.#connection = this.#connect(options)
    const request = this.#connection.request.bind(this.#connection)
    const store = options.store && this.#guarded(options.store)
    this.#store = store
    this.#isSignedIn = new Promise((resolve) => (this.#tellSignedIn = resolve))
    this.#model = new ModelLoader({ request, clock, store, logger: this.#environment.logger })
    this.#changes = new Changes({
      request,
      clock,
      model: this.#model.model,
      store,
      changed: () => this.#queries.show(),
      conflict: (conflict) => this.#conflicts.emit(conflict),
    })
    this.#queries = new LiveQueries({
      clock,
      model: this.#model.model,
      pending: () => this.#changes.effects(),
      ask: async (_class, query, wanted) => {
        const { result, seq } = await request('query', [_class, query, wanted])
        const docs = result as FindResult
        return { docs, total: docs.total, seq }
      },
    })
    this.#signInAs(options.account)
    void this.#start()
  }

  /**
   * Resolves once the client has been connected and knows the model; at once when a store had it.
   *
   * @example
   * await client.ready()
   * show(client.hierarchy.findClass(board.class.Task))
   */
  async ready(): Promise<void> {
    await this.#model.loaded
  }

  /**
   * The model's classes; empty before `ready`.
   *
   * @example
   * const label = client.hierarchy.findClass(board.class.Task)?.label
   */
  get hierarchy(): Hierarchy {
    return this.#model.model.hierarchy
  }

  /**
   * `_id` of the account the session is of; undefined before the first connection.
   *
   * @example
   * const { account } = client
   * if (account !== undefined) show(await client.findAll(board.class.Task, { assignee: account }))
   */
  get account(): Ref<Account> | undefined {
    return this.#account
  }

  /**
   * What a query finds, once.
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
    return await this.call('findAll', [_class, query, options], requestOptions)
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
    options: { classes?: Ref<Class>[]; spaces?: Ref<Space>[]; limit?: number } = {},
    requestOptions?: RequestOptions,
  ): Promise<SearchResult> {
    const { limit, ...narrowed } = options
    return await this.call('searchFulltext', [{ query, ...narrowed }, { limit }], requestOptions)
  }

  /**
   * Calls back with the result of the query as soon as it is known, and whenever it changes: with what is committed by
   * anyone, and at once with what is changed here.
   *
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
    onError: (error: unknown) => void = (error) =>
      this.#environment.logger.warn('a live query failed', { error }),
  ): Cancel {
    const listener: QueryListener = { result: callback as QueryListener['result'], error: onError }
    return this.#queries.subscribe({ _class, query: query as DocumentQuery, options }, listener)
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
    const factory = await this.#factory()
    await this.tx(factory.create(_class, space, attributes, { _id: _id as Ref }), requestOptions)
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
    await this.tx((await this.#factory()).update(doc, operations), requestOptions)
  }

  /**
   * Removes a document, and what is attached to it.
   *
   * @example
   * await client.removeDoc(task)
   */
  async removeDoc(doc: DocumentPlace, requestOptions?: RequestOptions): Promise<void> {
    await this.tx((await this.#factory()).remove(doc), requestOptions)
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
    await this.tx((await this.#factory()).mixin(doc, mixin, attributes), requestOptions)
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
    const factory = await this.#factory()
    await this.tx(factory.attach(parent, collection, _class, attributes, { _id: _id as Ref }), requestOptions)
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
    const factory = await this.#factory()
    await this.tx(factory.within(doc, factory.update(doc, operations)), requestOptions)
  }

  /**
   * Removes a document of a collection, whose counter goes down.
   *
   * @example
   * await client.removeCollection(comment)
   */
  async removeCollection(doc: AttachedPlace, requestOptions?: RequestOptions): Promise<void> {
    const factory = await this.#factory()
    await this.tx(factory.within(doc, factory.remove(doc)), requestOptions)
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
    const modifiedBy = await this.#signer()
    const tx: TxApplyIf = {
      _id: generateId() as TxApplyIf['_id'],
      _class: core.class.TxApplyIf,
      space: core.space.Tx,
      objectSpace: core.space.Tx,
      modifiedBy,
      modifiedOn: this.#environment.clock.now(),
      txes,
      ...conditions,
    }
    return await this.tx(tx, requestOptions)
  }

  /**
   * Makes transactions signed by this client, for `tx` and `applyIf`.
   *
   * @example
   * const make = await client.transactions()
   * await client.tx(make.update(task, { $push: { labels: 'star' } }))
   */
  async transactions(): Promise<TransactionFactory> {
    return await this.#factory()
  }

  /**
   * Sends a transaction: live queries show it at once, and go back where the server refuses it. Sent until it is
   * answered, it takes effect once.
   *
   * @throws StatusError why the server refuses it
   *
   * @example
   * const make = await client.transactions()
   * await client.tx(make.remove(task))
   */
  async tx<T = unknown>(tx: Tx, requestOptions?: RequestOptions): Promise<T> {
    return (await this.#changes.send(tx, requestOptions)) as T
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
    return (await this.#connection.request(method, params, requestOptions)).result as T
  }

  /**
   * Starts to measure; call the answer to end: milliseconds the server spent on this session's requests meanwhile.
   *
   * @example
   * const done = await client.measure('import')
   * await client.createDoc(board.class.Task, project, { title: 'Imported' })
   * show(await done())
   */
  async measure(operation: string): Promise<() => Promise<number>> {
    await this.call('measure', [operation])
    return async () => await this.call<number>('measure-done', [operation])
  }

  /**
   * What it knows of its connection: see `ConnectionState`.
   *
   * @example
   * const { phase, unanswered } = client.connectionState()
   */
  connectionState(): ConnectionState {
    return this.#connection.state
  }

  /**
   * Called whenever the state changes. Call the answer to stop; the same goes for those below.
   *
   * @example
   * const stop = client.onConnectionState(({ phase }) => show(phase))
   * stop()
   */
  onConnectionState(listener: (state: ConnectionState) => void): Cancel {
    return this.#states.on(listener)
  }

  /**
   * Called with transactions as they are committed, and with the place in the log they lead to.
   *
   * @example
   * const stop = client.onTransactions(({ txes, seq }) => show([seq, ...txes]))
   * stop()
   */
  onTransactions(listener: (pushed: { txes: readonly Tx[]; seq: number | undefined }) => void): Cancel {
    return this.#transactions.on(listener)
  }

  /**
   * Called when a change that was kept from an earlier life, or that nobody waits for, is refused.
   *
   * @example
   * const stop = client.onConflict(({ tx, error }) => show(`${tx._id}: ${error.status.code}`))
   * stop()
   */
  onConflict(listener: (conflict: Conflict) => void): Cancel {
    return this.#conflicts.on(listener)
  }

  /**
   * Called with each request that took a megabyte or more, one way or the other.
   *
   * @example
   * const stop = client.onLargeMessage((message) => show(message))
   * stop()
   */
  onLargeMessage(listener: (message: LargeMessage) => void): Cancel {
    return this.#largeMessages.on(listener)
  }

  /**
   * Called when the store fails: what is not answered yet is lost if this page or process ends now.
   *
   * @example
   * const stop = client.onStoreError((error) => show(error))
   * stop()
   */
  onStoreError(listener: (error: unknown) => void): Cancel {
    return this.#storeErrors.on(listener)
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
    this.#connection.pause()
  }

  /**
   * Sends what waited since `pause`.
   *
   * @example
   * client.resume()
   */
  resume(): void {
    this.#connection.resume()
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
    this.#connection.stop()
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
    this.#connection.restart()
  }

  /**
   * Ends the client: requests without an answer are rejected, live queries are silent. Idempotent.
   *
   * @example
   * client.terminate()
   */
  terminate(): void {
    this.#connection.terminate()
    this.#queries.stop()
    this.#changes.stop()
    this.#model.stop()
  }

  #connect(options: ClientOptions): ReconnectingConnection {
    const { url, getToken, binary = true, compression = true, broadcast = true } = options
    const { sessionId = generateId(), dialTimeout = 20_000, inactivity = 60_000 } = options
    const { maxOutstanding = 10_000 } = options
    const environment = this.#environment
    const connection = { url, getToken, environment, sessionId, binary, compression, broadcast }
    return new ReconnectingConnection(
      { ...connection, dialTimeout, inactivity, maxOutstanding },
      {
        pushed: (...push) => this.#pushed(...push),
        reload: () => void this.#reload(),
        resumed: ({ modelHash }) => void this.#resumed(modelHash),
        stateChanged: (state) => this.#states.emit(state),
        signalled: ({ result }) => {
          if (isModelUpgrade(result)) this.#connection.send('#upgrading')
        },
        largeMessage: (message) => this.#largeMessages.emit(message),
      },
    )
  }

  #guarded(store: ClientStore): ClientStore {
    return new GuardedStore(store, (error) => {
      this.#environment.logger.warn('the store failed', { error })
      this.#storeErrors.emit(error)
    })
  }

  async #start(): Promise<void> {
    this.#signInAs(this.#account ?? ((await this.#store?.get(ACCOUNT)) as Ref<Account> | undefined))
    await this.#model.restore()
    await this.#changes.restore()
    this.#connection.start()
  }

  #pushed(...[txes, seq, seqs]: Parameters<PushListener>): void {
    const isStructural = this.#model.apply(txes)
    this.#changes.confirm(txes)
    this.#queries.apply(
      txes.map((tx, at) => ({ tx, seq: seqs?.[at] ?? seq })),
      isStructural,
    )
    this.#transactions.emit({ txes, seq })
  }

  async #reload(): Promise<void> {
    this.#signedIn()
    this.#queries.forget()
    if (!(await this.#model.load())) return
    this.#changes.reloaded()
    this.#queries.ask()
  }

  /** What was missed is pushed, the model's part too; all but what a new version of the server brings. */
  async #resumed(modelHash: string | undefined): Promise<void> {
    this.#signedIn()
    if (modelHash !== this.#model.model.hash && (await this.#model.load())) this.#queries.ask()
  }

  #signedIn(): void {
    const account = this.#connection.hello?.account as Ref<Account> | undefined
    if (account === undefined || account === this.#account) return
    this.#signInAs(account)
    void this.#store?.set(ACCOUNT, account)
  }

  #signInAs(account: Ref<Account> | undefined): void {
    if (account === undefined) return
    this.#account = account
    this.#tellSignedIn()
  }

  async #factory(): Promise<TransactionFactory> {
    const modifiedBy = await this.#signer()
    const modifiedOn = this.#environment.clock.now()
    return new TransactionFactory(generateId, { space: core.space.Tx, modifiedBy, modifiedOn })
  }

  async #signer(): Promise<Ref<Account>> {
    await this.#isSignedIn
    if (this.#account === undefined) throw new Error('the session has no account')
    return this.#account
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

function isModelUpgrade(result: unknown): boolean {
  return (result as { _class?: unknown } | undefined)?._class === core.class.TxModelUpgrade
}
