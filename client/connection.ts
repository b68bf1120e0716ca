import type { Account, Class, Doc, Ref } from '../model/documents.ts'
import type { DocumentQuery, FindOptions, FindResult } from '../model/query/query.ts'
import { StatusError } from '../model/status.ts'
import type { Tx } from '../model/transactions.ts'
import { ChunkAssembler } from '../protocol/chunks.ts'
import { encodeBinaryRequest } from '../protocol/codec.ts'
import {
  type HelloResponse,
  type LogPlace,
  type Request,
  type Response,
  SIGNAL_ID,
} from '../protocol/messages.ts'
import { decodeFrame } from './decode-frame.ts'
import type { Dial, WebSocketLike } from './web-socket.ts'

export interface ConnectionOptions {
  /** `ws://HOST:PORT` */
  url: string
  /** For one workspace. */
  token: string
  dial: Dial
  sessionId?: string
  /** Answers packed with msgpackr rather than as JSON text. */
  binary?: boolean
  /** `false`: no transactions of others. */
  broadcast?: boolean
  /** 2: numbered pushes, `query`, `resume`, requests in binary where `binary` is set. 1 when left out. */
  protocol?: 1 | 2
  /** Protocol 2: long answers come compressed. */
  compression?: boolean
  /** Protocol 2: the place in the log to go on from. */
  resume?: LogPlace | undefined
  /** Called with the server's hello, before anything that came right behind it. */
  onHello?: (hello: HelloResponse) => void
  /** Milliseconds until `open` gives up. */
  timeout?: number
}

/**
 * Called with transactions as they are committed, and with the place in the log they lead to (protocol 2); of those that
 * were missed each has a place of its own.
 */
export type PushListener = (txes: Tx[], seq: number | undefined, seqs: number[] | undefined) => void

/** Documents received so far of a long answer. */
export type ProgressListener = (documents: number) => void

/** Watches one request. */
export interface ExchangeObserver {
  progress?: ProgressListener | undefined
  /** A frame of the answer came: its bytes (of JSON text: its characters). */
  received?: ((bytes: number) => void) | undefined
}

/** The connection is gone, and with it the answer. */
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

interface Pending extends ExchangeObserver {
  resolve: (response: Response) => void
  reject: (error: unknown) => void
}

const DEFAULT_TIMEOUT = 30_000

/**
 * One WebSocket to one workspace: hello, requests, pushes. When it is gone it is gone.
 *
 * @example
 * const connection = await Connection.open({ url: 'ws://127.0.0.1:3333', token, dial })
 * connection.onPush((txes) => console.log(txes))
 * const tasks = await connection.findAll('board:class:Task' as Ref<Class>, { status: 'todo' })
 * connection.close()
 */
export class Connection {
  /** What the server said to hello. */
  readonly hello: Promise<HelloResponse>
  /** Settles, without failing, when the connection is gone. */
  readonly closed: Promise<ConnectionClosedError>
  readonly #socket: WebSocketLike
  readonly #pending = new Map<Response['id'], Pending>()
  readonly #chunks = new ChunkAssembler()
  readonly #listeners = new Set<PushListener>()
  readonly #signals = new Set<(signal: Response) => void>()
  readonly #received = new Set<(bytes: number) => void>()
  readonly #packs: boolean
  readonly #onHello: ConnectionOptions['onHello']
  #sentBytes = 0
  #lastId = 0
  #refusal: StatusError | undefined
  #gone: ConnectionClosedError | undefined

  constructor(options: ConnectionOptions) {
    const url = new URL('/', options.url)
    if (options.sessionId !== undefined) url.searchParams.set('sessionId', options.sessionId)
    this.#socket = options.dial(url.href, ['atrium', `atrium.token.${options.token}`])
    this.#socket.binaryType = 'arraybuffer'
    this.#onHello = options.onHello
    this.#packs = options.protocol === 2 && options.binary === true
    this.hello = new Promise<Response>((resolve, reject) =>
      this.#pending.set(HELLO, { resolve, reject }),
    ) as Promise<HelloResponse>
    this.hello.catch(() => undefined)
    this.closed = new Promise((resolve) => {
      this.#socket.addEventListener('close', ({ code, reason }) => resolve(this.#close(code, reason)))
    })
    this.#socket.addEventListener('error', () => undefined)
    this.#socket.addEventListener('message', ({ data }) => this.#receive(data))
    this.#socket.addEventListener('open', () => this.#sayHello(options))
  }

  /** @throws StatusError why the server refuses; ConnectionClosedError when it isn't there */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options)
    const timer = setTimeout(() => connection.close(), options.timeout ?? DEFAULT_TIMEOUT)
    try {
      await connection.hello
      return connection
    } catch (error) {
      connection.close()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** @throws StatusError what the server answered; ConnectionClosedError when there will be no answer */
  async request<T = unknown>(method: string, params: readonly unknown[] = []): Promise<T> {
    return (await this.exchange(method, params)).result as T
  }

  /** As `request`, with all that the answer says: its place in the log beside the result. */
  exchange(method: string, params: readonly unknown[], observer: ExchangeObserver = {}): Promise<Response> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone)
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, ...observer })
      this.#write({ id, method, params: [...params] })
    })
  }

  findAll<T extends Doc = Doc>(
    _class: Ref<Class>,
    query: DocumentQuery<T> = {} as DocumentQuery<T>,
    options?: FindOptions,
  ): Promise<FindResult<T>> {
    return this.request('findAll', options === undefined ? [_class, query] : [_class, query, options])
  }

  tx<T = unknown>(tx: Tx): Promise<T> {
    return this.request('tx', [tx])
  }

  getAccount(): Promise<Account> {
    return this.request('getAccount')
  }

  /** Called with transactions as they are committed. Call the answer to stop. */
  onPush(listener: PushListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Called with what the server says unasked, transactions aside: upgrades, refusals. */
  onSignal(listener: (signal: Response) => void): () => void {
    this.#signals.add(listener)
    return () => this.#signals.delete(listener)
  }

  /** Called with the size of each frame that comes, in bytes (of JSON text: in characters). */
  onReceived(listener: (bytes: number) => void): () => void {
    this.#received.add(listener)
    return () => this.#received.delete(listener)
  }

  /** Nothing will come any more. */
  get isGone(): boolean {
    return this.#gone !== undefined
  }

  /** What the server said against this connection. */
  get refusal(): StatusError | undefined {
    return this.#refusal
  }

  /** Bytes that were sent and are not on their way yet. */
  get bufferedAmount(): number {
    return this.#socket.bufferedAmount
  }

  /** Bytes given to the socket so far (of JSON text: its characters). */
  get sentBytes(): number {
    return this.#sentBytes
  }

  /** Sends a frame that wants no answer, such as `#upgrading`. */
  send(method: string, params: readonly unknown[] = []): void {
    this.#write({ id: SIGNAL_ID, method, params: [...params] })
  }

  close(): void {
    this.#socket.close(1000)
  }

  #sayHello({
    binary = false,
    broadcast = true,
    protocol = 1,
    compression,
    resume,
  }: ConnectionOptions): void {
    const hello = { method: 'hello', params: [], id: SIGNAL_ID, binary, broadcast }
    const more = protocol === 2 ? { protocol, compression, resume } : {}
    this.#socket.send(JSON.stringify({ ...hello, ...more }))
  }

  /** Once the connection is open. */
  #write(request: Request): void {
    const frame = this.#packs ? encodeBinaryRequest(request) : JSON.stringify(request)
    this.#sentBytes += frame.length
    this.#socket.send(frame as string | Uint8Array<ArrayBuffer>)
  }

  #receive(data: unknown): void {
    const bytes = typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer)
    for (const listener of this.#received) listener(bytes.length)
    const frame = decodeFrame(bytes)
    this.#pending.get(frame.id)?.received?.(bytes.length)
    if (frame.id === undefined) return this.#pushed(frame)
    if (frame.id === SIGNAL_ID) return this.#signalled(frame)
    const whole = this.#chunks.add(frame)
    if (whole !== undefined) this.#answered(whole.id, whole)
    else this.#pending.get(frame.id)?.progress?.(this.#chunks.progress(frame.id))
  }

  #pushed(frame: Response): void {
    const { result } = frame
    if (result === 'ping') return this.send('ping')
    if (isSignal(result)) return this.#signalled(frame)
    const txes = (Array.isArray(result) ? result : [result]) as Tx[]
    for (const listener of this.#listeners) listener(txes, frame.seq, frame.seqs)
  }

  #signalled(frame: Response): void {
    if (frame.result === 'hello') {
      if (frame.error === undefined) this.#onHello?.(frame as HelloResponse)
      this.#answered(HELLO, frame)
    } else if (frame.result === 'pong!') return
    else if (frame.error !== undefined) {
      const { code, params } = frame.error
      this.#refusal = new StatusError(code, params)
    }
    for (const listener of this.#signals) listener(frame)
  }

  #answered(id: Response['id'], frame: Response): void {
    const { error } = frame
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (error === undefined) pending?.resolve(frame)
    else pending?.reject(new StatusError(error.code, error.params))
  }

  #close(code: number, reason: string): ConnectionClosedError {
    this.#gone = new ConnectionClosedError(code, reason)
    for (const { reject } of this.#pending.values()) reject(this.#refusal ?? this.#gone)
    this.#pending.clear()
    this.#chunks.clear()
    return this.#gone
  }
}

/** Where hello waits for its answer, which has the id of all signals. */
const HELLO = 'hello'

function isSignal(result: unknown): boolean {
  return (
    typeof result === 'object' &&
    result !== null &&
    '_class' in result &&
    result._class === 'core:class:TxModelUpgrade'
  )
}
