import type { Account, Class, Doc, Ref } from '../../model/documents.ts'
import type { DocumentQuery, FindOptions, FindResult } from '../../model/query/query.ts'
import { StatusError } from '../../model/status.ts'
import type { Tx } from '../../model/transactions.ts'
import { type HelloResponse, type Response, SIGNAL_ID } from '../../protocol/messages.ts'
import { Emitter } from '../runtime/emitter.ts'
import { callSafely, type Report, throwLater } from '../runtime/report.ts'
import { resultOf } from '../runtime/result-of.ts'
import type { WebSocketLike } from '../runtime/web-socket.ts'
import { addressOf } from './address.ts'
import type { CallFields, ConnectionOptions, ExchangeObserver, PushListener } from './connection-options.ts'
import { decodeFrame } from './decode-frame.ts'
import { isModelUpgrade } from './model-upgrade.ts'
import { PendingResponses } from './pending-responses.ts'
import { RequestEncoder, type RequestFrame } from './request-encoder.ts'

/** The connection has ended before the response was received. */
export class ConnectionClosedError extends Error {
  readonly code: number
  readonly reason: string

  constructor(code: number, reason: string) {
    super(`the connection closed with ${code} ${reason}`)
    this.name = 'ConnectionClosedError'
    this.code = code
    this.reason = reason
  }
}

const DEFAULT_TIMEOUT = 30_000
/** The key under which hello waits: its response has the id of all signals. */
const HELLO = 'hello'
/** Close code: the client could not decode a frame. */
const PROTOCOL_ERROR = 1002

/**
 * One WebSocket to one workspace, which does not reconnect.
 *
 * @example
 * const connection = await Connection.open({ url: 'ws://127.0.0.1:3333', token, dial })
 * connection.onPush((txes) => console.log(txes))
 * const tasks = await connection.findAll('board:class:Task' as Ref<Class>, { status: 'todo' })
 * connection.close()
 */
export class Connection {
  /** The server's hello. Rejects when the connection ends without one. */
  readonly hello: Promise<HelloResponse>
  /** Resolves when the connection has ended. Never rejects. */
  readonly closed: Promise<ConnectionClosedError>
  readonly #socket: WebSocketLike
  readonly #encoder: RequestEncoder
  readonly #pending: PendingResponses
  readonly #report: Report
  readonly #pushes: Emitter<Parameters<PushListener>>
  readonly #signals: Emitter<[signal: Response]>
  readonly #received: Emitter<[bytes: number]>
  readonly #onHello: ConnectionOptions['onHello']
  #sentBytes = 0
  #lastId = 0
  #refusal: StatusError | undefined
  #hello: HelloResponse | undefined
  #gone: ConnectionClosedError | undefined
  #resolveClosed: (error: ConnectionClosedError) => void = () => undefined

  /** @throws TypeError when the URL is invalid, and the errors of `dial` */
  constructor(options: ConnectionOptions) {
    this.#report = options.onError ?? throwLater
    this.#pushes = new Emitter(this.#report)
    this.#signals = new Emitter(this.#report)
    this.#received = new Emitter(this.#report)
    this.#onHello = options.onHello
    this.#encoder = new RequestEncoder(options.protocol === 2 && options.binary === true)
    this.#pending = new PendingResponses(this.#report)
    const url = addressOf(options.url, options.sessionId)
    this.#socket = options.dial(url, ['atrium', `atrium.token.${options.token}`])
    this.#socket.binaryType = 'arraybuffer'
    this.hello = new Promise((resolve, reject) => {
      const received = (frame: Response) => {
        if (isHello(frame)) resolve(frame)
      }
      this.#pending.add(HELLO, { resolve: received, reject })
    })
    // Most callers do not look at it.
    this.hello.catch(() => undefined)
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve))
    this.#socket.addEventListener('close', ({ code, reason }) => this.#end(code, reason))
    this.#socket.addEventListener('error', () => undefined)
    this.#socket.addEventListener('message', ({ data }) => this.#receive(data))
    this.#socket.addEventListener('open', () => this.#opened(options))
  }

  /** @throws StatusError why the server refuses; ConnectionClosedError when there is no connection in time */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options)
    const timer = setTimeout(() => connection.close(), options.timeout ?? DEFAULT_TIMEOUT)
    try {
      const { alreadyConnected } = await connection.hello
      if (alreadyConnected === true) throw await connection.closed
      return connection
    } catch (error) {
      connection.close()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * @throws StatusError the error that the server returns, or `TooLarge` for a request that it would not accept;
   *   ConnectionClosedError when there will be no response
   */
  async request<T = unknown>(method: string, params: readonly unknown[] = []): Promise<T> {
    return resultOf<T>(await this.exchange(method, params))
  }

  /** As `request`, with the whole response: it has the position in the log beside the result. */
  exchange(
    method: string,
    params: readonly unknown[],
    observer: ExchangeObserver = {},
    fields: CallFields = {},
  ): Promise<Response> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone)
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      const frame = this.#encoder.encode({ id, method, params: [...params], ...fields })
      observer.started?.(id)
      this.#pending.add(id, { resolve, reject, ...observer })
      this.#write(frame)
    })
  }

  findAll<T extends Doc = Doc>(
    _class: Ref<Class>,
    query?: DocumentQuery<T>,
    options?: FindOptions,
  ): Promise<FindResult<T>> {
    const params = [_class, query ?? {}]
    return this.request('findAll', options === undefined ? params : [...params, options])
  }

  tx<T = unknown>(tx: Tx): Promise<T> {
    return this.request('tx', [tx])
  }

  getAccount(): Promise<Account> {
    return this.request('getAccount')
  }

  /** Calls back with committed transactions. Returns a function that unsubscribes. */
  onPush(listener: PushListener): () => void {
    return this.#pushes.on(listener)
  }

  /** Calls back with signals of the server, such as upgrades and refusals. Returns a function that unsubscribes. */
  onSignal(listener: (signal: Response) => void): () => void {
    return this.#signals.on(listener)
  }

  /** Calls back with the size of each frame in bytes (for JSON text: in characters). Returns a function that unsubscribes. */
  onReceived(listener: (bytes: number) => void): () => void {
    return this.#received.on(listener)
  }

  /** The connection has ended. */
  get isGone(): boolean {
    return this.#gone !== undefined
  }

  /** The error with which the server refuses this connection. */
  get refusal(): StatusError | undefined {
    return this.#refusal
  }

  /** Names the opening of the workspace on the server; empty before hello, and for older servers. */
  get instance(): string {
    return this.#hello?.instance ?? ''
  }

  /** Whether the server has told that it has a feature of protocol 2. */
  has(feature: string): boolean {
    return this.#hello?.features?.includes(feature) === true
  }

  /** Bytes in the socket's buffer. */
  get bufferedAmount(): number {
    return this.#socket.bufferedAmount
  }

  /** Bytes given to the socket so far (for JSON text: characters). */
  get sentBytes(): number {
    return this.#sentBytes
  }

  /** Sends a frame without a response, such as `#upgrading`. */
  send(method: string, params: readonly unknown[] = []): void {
    this.#write(this.#encoder.encode({ id: SIGNAL_ID, method, params: [...params] }))
  }

  /** Ends the connection at once, and rejects requests that wait for a response. Idempotent. */
  close(): void {
    this.#socket.close(1000)
    this.#end(1000, 'closed by this side')
  }

  #opened(options: ConnectionOptions): void {
    if (this.#gone !== undefined) return
    const { binary = false, broadcast = true, protocol = 1, compression, resume } = options
    const hello = { method: 'hello', params: [], id: SIGNAL_ID, binary, broadcast }
    const protocol2 = protocol === 2 ? { protocol, compression, resume } : {}
    this.#socket.send(JSON.stringify({ ...hello, ...protocol2 }))
    callSafely(this.#report, () => options.onOpen?.())
  }

  #write(frame: RequestFrame): void {
    this.#sentBytes += frame.length
    this.#socket.send(frame)
  }

  #receive(data: unknown): void {
    if (this.#gone !== undefined) return
    // `binaryType` is `arraybuffer`.
    const bytes = typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer)
    this.#received.emit(bytes.length)
    try {
      this.#take(decodeFrame(bytes), bytes.length)
    } catch {
      // Later frames may depend on this one.
      this.#socket.close(1000)
      this.#end(PROTOCOL_ERROR, 'a frame of the server was not understood')
    }
  }

  /** @throws Error when the frame does not follow the protocol */
  #take(frame: Response, bytes: number): void {
    if (frame.id === undefined) this.#pushed(frame)
    else if (frame.id === SIGNAL_ID) this.#signalled(frame)
    else this.#pending.receive(frame, bytes)
  }

  #pushed(frame: Response): void {
    const { result } = frame
    if (result === 'ping') return this.send('ping')
    if (isModelUpgrade(result)) return this.#signalled(frame)
    const txes: Tx[] = Array.isArray(result) ? result : [resultOf<Tx>(frame)]
    this.#pushes.emit(txes, frame.seq, frame.seqs, frame.after)
  }

  #signalled(frame: Response): void {
    if (frame.result === 'hello') {
      if (isHello(frame)) this.#helloReceived(frame)
      this.#pending.settle(HELLO, frame)
    } else if (frame.result === 'pong!') return
    else if (frame.error !== undefined) this.#refusal = new StatusError(frame.error.code, frame.error.params)
    this.#signals.emit(frame)
  }

  #helloReceived(hello: HelloResponse): void {
    this.#hello = hello
    if (typeof hello.maxPayload === 'number') this.#encoder.limit(hello.maxPayload)
    callSafely(this.#report, () => this.#onHello?.(hello))
  }

  #end(code: number, reason: string): void {
    if (this.#gone !== undefined) return
    this.#gone = new ConnectionClosedError(code, reason)
    this.#pending.rejectAll(this.#refusal ?? this.#gone)
    this.#resolveClosed(this.#gone)
  }
}

function isHello(frame: Response): frame is HelloResponse {
  return frame.result === 'hello' && frame.error === undefined
}
