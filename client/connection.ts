import type { Account, Class, Doc, Ref } from '../model/documents.ts'
import type { DocumentQuery, FindOptions, FindResult } from '../model/query/query.ts'
import { StatusError } from '../model/status.ts'
import type { Tx } from '../model/transactions.ts'
import { ChunkAssembler } from '../protocol/chunks.ts'
import { decodeBinary, decodeJson } from '../protocol/codec.ts'
import { type HelloResponse, type Response, SIGNAL_ID } from '../protocol/messages.ts'
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
  /** Milliseconds until `open` gives up. */
  timeout?: number
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

interface Pending {
  resolve: (result: never) => void
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
  readonly #listeners = new Set<(txes: Tx[]) => void>()
  readonly #signals = new Set<(signal: Response) => void>()
  #lastId = 0
  #refusal: StatusError | undefined
  #gone: ConnectionClosedError | undefined

  constructor(options: ConnectionOptions) {
    const url = new URL('/', options.url)
    if (options.sessionId !== undefined) url.searchParams.set('sessionId', options.sessionId)
    this.#socket = options.dial(url.href, ['atrium', `atrium.token.${options.token}`])
    this.#socket.binaryType = 'arraybuffer'
    this.hello = new Promise((resolve, reject) => this.#pending.set(HELLO, { resolve, reject }))
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
  request<T = unknown>(method: string, params: readonly unknown[] = []): Promise<T> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone)
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      this.#socket.send(JSON.stringify({ id, method, params }))
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
  onPush(listener: (txes: Tx[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Called with what the server says unasked, transactions aside: upgrades, refusals. */
  onSignal(listener: (signal: Response) => void): () => void {
    this.#signals.add(listener)
    return () => this.#signals.delete(listener)
  }

  /** Sends a frame that wants no answer, such as `#upgrading`. */
  send(method: string, params: readonly unknown[] = []): void {
    this.#socket.send(JSON.stringify({ id: SIGNAL_ID, method, params }))
  }

  close(): void {
    this.#socket.close(1000)
  }

  #sayHello({ binary = false, broadcast = true }: ConnectionOptions): void {
    const hello = { method: 'hello', params: [], id: SIGNAL_ID, binary, broadcast }
    this.#socket.send(JSON.stringify(hello))
  }

  #receive(data: unknown): void {
    const frame =
      typeof data === 'string' ? decodeJson(data) : decodeBinary(new Uint8Array(data as ArrayBuffer))
    if (frame.id === undefined) return this.#pushed(frame)
    if (frame.id === SIGNAL_ID) return this.#signalled(frame)
    const whole = this.#chunks.add(frame)
    if (whole !== undefined) this.#answered(whole.id, whole)
  }

  #pushed(frame: Response): void {
    const { result } = frame
    if (result === 'ping') return this.send('ping')
    if (isSignal(result)) return this.#signalled(frame)
    const txes = (Array.isArray(result) ? result : [result]) as Tx[]
    for (const listener of this.#listeners) listener(txes)
  }

  #signalled(frame: Response): void {
    if (frame.result === 'hello') this.#answered(HELLO, frame)
    else if (frame.result === 'pong!') return
    else if (frame.error !== undefined) {
      const { code, params } = frame.error
      this.#refusal = new StatusError(code, params)
    }
    for (const listener of this.#signals) listener(frame)
  }

  #answered(id: Response['id'], frame: Response): void {
    const { error } = frame
    const result = id === HELLO ? frame : frame.result
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (error === undefined) pending?.resolve(result as never)
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
