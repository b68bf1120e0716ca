import { generateId } from '../model/generate-id.ts'
import { core } from '../model/identifiers.ts'
import type { FindResult } from '../model/query/query.ts'
import { TransactionFactory } from '../model/transaction-factory.ts'
import type { Tx } from '../model/transactions.ts'
import { Changes, type Conflict } from './optimistic/changes.ts'
import { type ClientOptions, environmentOf } from './client-options.ts'
import type { PushListener } from './connection/connection-options.ts'
import { isModelUpgrade } from './connection/model-upgrade.ts'
import { isDevelopment } from './runtime/copies.ts'
import { Emitter } from './runtime/emitter.ts'
import type { Environment } from './runtime/environment.ts'
import { terminated } from './runtime/errors.ts'
import { ModelLoader } from './model/model-loader.ts'
import { type Deadline, PendingCalls, type WaitOptions } from './runtime/deadline.ts'
import { resultOf } from './runtime/result-of.ts'
import { LiveQueries } from './live-queries/live-queries.ts'
import type { ConnectionState } from './connection/connection-state.ts'
import { ReconnectingConnection } from './connection/reconnecting-connection.ts'
import type { ReconnectingListener } from './connection/reconnecting-options.ts'
import type { LargeMessage } from './connection/requests.ts'
import type { Report } from './runtime/report.ts'
import { SessionAccount } from './session-account.ts'
import { GuardedStore } from './store/guarded-store.ts'

export interface PushedTransactions {
  txes: readonly Tx[]
  /** The position in the log that they lead to. */
  seq: number | undefined
}

/** The session behind a `Client`: creates its parts, connects them, starts and ends them. */
export class Session {
  readonly environment: Environment
  readonly connection: ReconnectingConnection
  readonly model: ModelLoader
  readonly queries: LiveQueries
  readonly changes: Changes
  readonly account: SessionAccount
  readonly calls: PendingCalls
  /** Results of queries are frozen. */
  readonly freezes: boolean
  readonly errors: Emitter<[error: unknown]>
  readonly states: Emitter<[state: ConnectionState]>
  readonly transactions: Emitter<[pushed: PushedTransactions]>
  readonly conflicts: Emitter<[conflict: Conflict]>
  readonly largeMessages: Emitter<[message: LargeMessage]>
  readonly storeErrors: Emitter<[error: unknown]>
  readonly #store: GuardedStore | undefined

  constructor(options: ClientOptions) {
    this.environment = environmentOf(options, (error) => this.errors.emit(error))
    const { clock, logger, report } = this.environment
    this.errors = new Emitter((error) => logger.warn('an error listener failed', { error }))
    this.states = new Emitter(report)
    this.transactions = new Emitter(report)
    this.conflicts = new Emitter(report)
    this.largeMessages = new Emitter(report)
    this.storeErrors = new Emitter(report)
    this.freezes = options.freeze ?? isDevelopment()
    this.calls = new PendingCalls(clock)
    this.connection = this.#connect(options)
    const request = this.connection.request.bind(this.connection)
    const store = this.#guard(options)
    this.#store = store
    this.account = new SessionAccount(options.account, store)
    this.model = new ModelLoader({ request, clock, store, logger })
    const { model } = this.model
    this.changes = new Changes({
      request,
      clock,
      model,
      store,
      changed: (effects) => this.queries.pendingChanged(effects),
      conflict: (conflict) => this.conflicts.emit(conflict),
    })
    this.queries = new LiveQueries({
      clock,
      model,
      report,
      freezes: this.freezes,
      pending: () => this.changes.effects(),
      ask: async (_class, query, wanted) => {
        const response = await request('query', [_class, query, wanted])
        const docs = resultOf<FindResult>(response)
        return { docs, total: docs.total, seq: response.seq }
      },
    })
  }

  /** Restores the contents of the store, then connects. */
  async start(): Promise<void> {
    await this.account.restore()
    await this.model.restore()
    await this.changes.restore()
    this.connection.start()
  }

  /**
   * Resolves when the model is loaded, from the server or from the store.
   *
   * @throws ClientError when the client ends, the server refuses it, or the deadline expires
   *
   * @example
   * await client.ready({ timeout: 10_000 })
   * show(client.hierarchy.findClass(board.class.Task))
   */
  async ready(waitOptions?: WaitOptions): Promise<void> {
    await this.calls.run('ready', waitOptions, (deadline) => deadline.race(this.model.loaded))
  }

  /**
   * The state of the connection now.
   *
   * @example
   * const { phase, unanswered } = client.connectionState()
   */
  connectionState(): ConnectionState {
    return this.connection.state
  }

  /**
   * Holds requests back until `resume`; pushes still arrive.
   *
   * @example
   * client.pause()
   * client.resume()
   */
  pause(): void {
    this.connection.pause()
  }

  /**
   * Sends the requests that have waited since `pause`.
   *
   * @example
   * client.resume()
   */
  resume(): void {
    this.connection.resume()
  }

  /**
   * Closes the connection until `restart`; requests wait.
   *
   * @example
   * client.stop()
   * client.restart()
   */
  stop(): void {
    this.connection.stop()
  }

  /**
   * Connects again after `stop`, or after the server refused the client.
   *
   * @example
   * client.stop()
   * client.restart()
   * await client.findAll(board.class.Task)
   */
  restart(): void {
    this.calls.allow()
    this.connection.restart()
  }

  /**
   * Ends the client for good: pending calls are rejected, and live queries call back no more. Idempotent.
   *
   * @example
   * client.terminate()
   */
  terminate(): void {
    this.calls.end(terminated())
    this.connection.terminate()
    this.queries.stop()
    this.changes.stop()
    this.model.stop()
    this.#store?.stop()
  }

  /** A factory of transactions, signed with the session's account. */
  async factory(deadline: Deadline): Promise<TransactionFactory> {
    const modifiedBy = await this.account.known(deadline)
    const modifiedOn = this.environment.clock.now()
    return new TransactionFactory(generateId, { space: core.space.Tx, modifiedBy, modifiedOn })
  }

  #connect(options: ClientOptions): ReconnectingConnection {
    const { url, getToken, binary = true, compression = true, broadcast = true } = options
    const { sessionId = generateId(), dialTimeout = 20_000, inactivity = 60_000 } = options
    const { maxOutstanding = 10_000 } = options
    const { environment } = this
    const connection = { url, getToken, environment, sessionId, binary, compression, broadcast }
    return new ReconnectingConnection(
      { ...connection, dialTimeout, inactivity, maxOutstanding },
      this.#listener(environment.report),
    )
  }

  #listener(report: Report): ReconnectingListener {
    return {
      pushed: (...push) => this.#pushed(...push),
      reload: () => void this.#reload().catch(report),
      resumed: ({ modelHash }) => void this.#resumed(modelHash).catch(report),
      refused: (error) => this.calls.refuse(error),
      stateChanged: (state) => this.states.emit(state),
      signalled: ({ result }) => {
        if (isModelUpgrade(result)) this.connection.send('#upgrading')
      },
      largeMessage: (message) => this.largeMessages.emit(message),
    }
  }

  #guard({ store }: ClientOptions): GuardedStore | undefined {
    if (store === undefined) return undefined
    const { clock, logger } = this.environment
    const failed = (error: unknown) => {
      logger.warn('the store failed', { error })
      this.storeErrors.emit(error)
    }
    return new GuardedStore({ store, clock, failed })
  }

  #pushed(...[txes, seq, seqs]: Parameters<PushListener>): void {
    const { structural, inconsistent } = this.model.apply(txes)
    const confirmed = this.changes.confirm(txes)
    const pushes = txes.map((tx, at) => ({ tx, seq: seqs?.[at] ?? seq }))
    this.queries.apply(pushes, structural, confirmed)
    if (inconsistent) void this.#reload().catch(this.environment.report)
    this.transactions.emit({ txes, seq })
  }

  async #reload(): Promise<void> {
    this.account.update(this.connection.hello?.account)
    this.queries.forget()
    if (!(await this.model.load())) return
    this.changes.reloaded()
    this.queries.reload()
  }

  /** The missed transactions are pushed. They do not contain the changes of the model that a new server version brings. */
  async #resumed(modelHash: string | undefined): Promise<void> {
    this.account.update(this.connection.hello?.account)
    if (modelHash !== this.model.model.hash && (await this.model.load())) this.queries.reload()
  }
}
