import type { Account, Class, Doc, Ref } from '../../model/documents.ts'
import type { DocumentQuery, FindOptions, FindResult } from '../../model/query/query.ts'
import { StatusError } from '../../model/status.ts'
import type { Tx } from '../../model/transactions.ts'
import { ChunkAssembler } from '../../protocol/chunks.ts'
import { encodeBinaryRequest } from '../../protocol/codec.ts'
import { type HelloResponse, type Request, type Response, SIGNAL_ID } from '../../protocol/messages.ts'
import { addressOf } from './address.ts'
import type { ConnectionOptions, ExchangeObserver, PushListener } from './connection-options.ts'
import { decodeFrame } from './decode-frame.ts'
import { Emitter } from '../runtime/emitter.ts'
import { callSafely, type Report, throwLater } from '../runtime/report.ts'
import type { WebSocketLike } from '../runtime/web-socket.ts'

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
/** Bytes of UTF-8 that a character of JavaScript takes at most. */
const BYTES_A_CHARACTER = 3

const utf8 = new TextEncoder()

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
  readonly #report: Report
  readonly #pushes: Emitter<Parameters<PushListener>>
  readonly #signals: Emitter<[signal: Response]>
  readonly #received: Emitter<[bytes: number]>
  readonly #packs: boolean
  readonly #onHello: ConnectionOptions['onHello']
  #maxPayload = Infinity
  #sentBytes = 0
  #lastId = 0
  #refusal: StatusError | undefined
  #gone: ConnectionClosedError | undefined
  #isGone: (error: ConnectionClosedError) => void = () => undefined

  /** @throws TypeError when the address is none, and what `dial` throws */
  constructor(options: ConnectionOptions) {
    this.#report = options.onError ?? throwLater
    this.#pushes = new Emitter(this.#report)
    this.#signals = new Emitter(this.#report)
    this.#received = new Emitter(this.#report)
    this.#onHello = options.onHello
    this.#packs = options.protocol === 2 && options.binary === true
    const url = addressOf(options.url, options.sessionId)
    this.#socket = options.dial(url, ['atrium', `atrium.token.${options.token}`])
    this.#socket.binaryType = 'arraybuffer'
    this.hello = new Promise<Response>((resolve, reject) =>
      this.#pending.set(HELLO, { resolve, reject }),
    ) as Promise<HelloResponse>
    this.hello.catch(() => undefined)
    this.closed = new Promise((resolve) => (this.#isGone = resolve))
    this.#socket.addEventListener('close', ({ code, reason }) => this.#end(code, reason))
    this.#socket.addEventListener('error', () => undefined)
    this.#socket.addEventListener('message', ({ data }) => this.#receive(data))
    this.#socket.addEventListener('open', () => this.#opened(options))
  }

  /** @throws StatusError why the server refuses; ConnectionClosedError when it isn't there */
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
   * @throws StatusError what the server answered, or `TooLarge` for what it would not take; ConnectionClosedError when
   *   there will be no answer
   */
  async request<T = unknown>(method: string, params: readonly unknown[] = []): Promise<T> {
    return (await this.exchange(method, params)).result as T
  }

  /** As `request`, with all that the answer says: its place in the log beside the result. */
  exchange(method: string, params: readonly unknown[], observer: ExchangeObserver = {}): Promise<Response> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone)
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      const frame = this.#encode({ id, method, params: [...params] })
      const size = this.#excess(frame)
      if (size !== undefined) {
        reject(tooLarge(size, this.#maxPayload))
        return
      }
      this.#pending.set(id, { resolve, reject, ...observer })
      this.#write(frame)
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
    return this.#pushes.on(listener)
  }

  /** Called with what the server says unasked, transactions aside: upgrades, refusals. */
  onSignal(listener: (signal: Response) => void): () => void {
    return this.#signals.on(listener)
  }

  /** Called with the size of each frame that comes, in bytes (of JSON text: in characters). */
  onReceived(listener: (bytes: number) => void): () => void {
    return this.#received.on(listener)
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
    this.#write(this.#encode({ id: SIGNAL_ID, method, params: [...params] }))
  }

  /** What waits for an answer is rejected, and nothing comes any more, whether the server agrees or not. Idempotent. */
  close(): void {
    this.#socket.close(1000)
    this.#end(1000, 'closed by this side')
  }

  #opened(options: ConnectionOptions): void {
    if (this.#gone !== undefined) return
    this.#sayHello(options)
    callSafely(this.#report, () => options.onOpen?.())
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

  #encode(request: Request): string | Uint8Array {
    return this.#packs ? encodeBinaryRequest(request) : JSON.stringify(request)
  }

  /** Its bytes, where they are more than the server takes. */
  #excess(frame: string | Uint8Array): number | undefined {
    if (typeof frame === 'string' && frame.length * BYTES_A_CHARACTER <= this.#maxPayload) return undefined
    const size = typeof frame === 'string' ? utf8.encode(frame).length : frame.length
    return size > this.#maxPayload ? size : undefined
  }

  /** Once the connection is open. */
  #write(frame: string | Uint8Array): void {
    this.#sentBytes += frame.length
    this.#socket.send(frame as string | Uint8Array<ArrayBuffer>)
  }

  #receive(data: unknown): void {
    if (this.#gone !== undefined) return
    const bytes = typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer)
    this.#received.emit(bytes.length)
    try {
      this.#take(decodeFrame(bytes), bytes.length)
    } catch {
      // What follows may depend on it.
      this.#socket.close(1000)
      this.#end(NOT_UNDERSTOOD, 'a frame of the server was not understood')
    }
  }

  /** @throws Error when it is no frame of this protocol */
  #take(frame: Response, bytes: number): void {
    const pending = this.#pending.get(frame.id)
    pending?.received?.(bytes)
    if (frame.id === undefined) return this.#pushed(frame)
    if (frame.id === SIGNAL_ID) return this.#signalled(frame)
    const whole = this.#chunks.add(frame)
    if (whole !== undefined) this.#answered(whole.id, whole)
    else callSafely(this.#report, () => pending?.progress?.(this.#chunks.progress(frame.id)))
  }

  #pushed(frame: Response): void {
    const { result } = frame
    if (result === 'ping') return this.send('ping')
    if (isSignal(result)) return this.#signalled(frame)
    const txes = (Array.isArray(result) ? result : [result]) as Tx[]
    this.#pushes.emit(txes, frame.seq, frame.seqs, frame.after)
  }

  #signalled(frame: Response): void {
    if (frame.result === 'hello') {
      if (frame.error === undefined) this.#helloed(frame as HelloResponse)
      this.#answered(HELLO, frame)
    } else if (frame.result === 'pong!') return
    else if (frame.error !== undefined) {
      const { code, params } = frame.error
      this.#refusal = new StatusError(code, params)
    }
    this.#signals.emit(frame)
  }

  #helloed(hello: HelloResponse): void {
    if (typeof hello.maxPayload === 'number') this.#maxPayload = hello.maxPayload
    callSafely(this.#report, () => this.#onHello?.(hello))
  }

  #answered(id: Response['id'], frame: Response): void {
    const { error } = frame
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (error === undefined) pending?.resolve(frame)
    else pending?.reject(new StatusError(error.code, error.params))
  }

  #end(code: number, reason: string): void {
    if (this.#gone !== undefined) return
    this.#gone = new ConnectionClosedError(code, reason)
    for (const { reject } of this.#pending.values()) reject(this.#refusal ?? this.#gone)
    this.#pending.clear()
    this.#chunks.clear()
    this.#isGone(this.#gone)
  }
}

/** Where hello waits for its answer, which has the id of all signals. */
const HELLO = 'hello'

/** Close code of a connection this side gave up. */
const NOT_UNDERSTOOD = 1002

/** @param limit bytes the server takes, where that is known */
export function tooLarge(size: number, limit?: number): StatusError {
  return new StatusError('platform:status:TooLarge', limit === undefined ? { size } : { size, limit })
}

function isSignal(result: unknown): boolean {
  return (
    typeof result === 'object' &&
    result !== null &&
    '_class' in result &&
    result._class === 'core:class:TxModelUpgrade'
  )
}
