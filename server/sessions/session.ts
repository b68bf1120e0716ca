import { StatusError } from '../../model/status.ts'
import { decodeRequestFrame } from '../../protocol/codec.ts'
import { type CloseReason, closeCodes } from '../../protocol/close-codes.ts'
import {
  type HelloRequest,
  type HelloResponse,
  parseRequest,
  type Request,
  type RequestId,
  type Response,
  SIGNAL_ID,
} from '../../protocol/messages.ts'
import type { Caller } from '../../pipeline/middleware.ts'
import { isEncoded } from '../../pipeline/middleware.ts'
import type { Pipeline } from '../../pipeline/open-workspace.ts'
import type { Socket, SocketHandlers } from '../transport/socket.ts'
import type { Token } from '../tokens.ts'
import { answerFrames, encodeFrame, encodedFrames } from './answer.ts'
import { type Method, type MethodContext, methods as commonMethods } from './methods.ts'
import { Outbox } from './outbox.ts'
import type { PushFrames } from './push-frames.ts'
import type { SessionServices } from './session-services.ts'
import { Statistics } from './statistics.ts'
import { toStatus } from './to-status.ts'

/**
 * ```
 * authenticating --> entering --> open --> closing --> closed
 *        \______________\_________________/     \____/
 * ```
 * Whatever arrives before `open` is kept, in order. `closing`: the closing handshake is under way.
 */
export type SessionState =
  | { name: 'authenticating' | 'entering'; early: EarlyMessage[] }
  | { name: 'open'; pipeline: Pipeline; caller: Caller }
  | { name: 'closing' }
  | { name: 'closed' }

interface EarlyMessage {
  data: Buffer
  isBinary: boolean
}

export interface SessionEvents {
  /** Once, when the session is over, however that came about. */
  closed: (session: Session) => void
  hello: (session: Session, hello: HelloRequest) => Partial<HelloResponse>
  /** The client knows that the model is about to change. */
  upgrading: (session: Session) => void
  /** Methods beside the common ones. */
  method: (session: Session, name: string) => Method | undefined
}

/** One client's connection to one workspace. */
export class Session implements SocketHandlers {
  readonly id: string
  readonly startedAt: number
  readonly statistics: Statistics
  token: Token
  binary = false
  broadcast = true
  /** Answers missed since the last ping of the server. */
  missedPongs = 0
  /** Requests came in since the last ping of the server. */
  active = false
  readonly #socket: Socket
  readonly #services: SessionServices
  readonly #events: SessionEvents
  readonly #outbox: Outbox
  readonly #measures = new Map<string, number>()
  #state: SessionState = { name: 'authenticating', early: [] }
  #running = 0
  #waiting: Request[] | undefined
  #finishing: Pick<CloseReason, 'code' | 'reason'> | undefined

  constructor(options: {
    id: string
    token: Token
    socket: Socket
    services: SessionServices
    events: SessionEvents
  }) {
    this.id = options.id
    this.token = options.token
    this.#socket = options.socket
    this.#services = options.services
    this.#events = options.events
    this.startedAt = options.services.now()
    this.statistics = new Statistics(options.services.now)
    const { flusher, limits } = options.services
    this.#outbox = new Outbox(options.socket, flusher, limits.outbox, () => this.#overflow())
  }

  get state(): SessionState['name'] {
    return this.#state.name
  }

  get account(): Caller['account'] | undefined {
    return this.#state.name === 'open' ? this.#state.caller.account : undefined
  }

  get outboxMessages(): number {
    return this.#outbox.messages
  }

  /** The accounts service agreed; the session waits for its workspace. */
  enter(): void {
    if (this.#state.name === 'authenticating') this.#become({ ...this.#state, name: 'entering' })
  }

  /** Serves what came early, then whatever comes. */
  open(pipeline: Pipeline, caller: Caller): void {
    if (this.#state.name !== 'entering') return
    const { early } = this.#state
    this.#become({ name: 'open', pipeline, caller })
    for (const { data, isBinary } of early) this.#receive(data, isBinary)
  }

  message(data: Buffer, isBinary: boolean): void {
    switch (this.#state.name) {
      case 'authenticating':
      case 'entering':
        this.#keepEarly(this.#state.early, { data, isBinary })
        return
      case 'open':
        this.#receive(data, isBinary)
        return
      case 'closing':
      case 'closed':
        return
      default:
        this.#state satisfies never
    }
  }

  pong(): void {
    this.missedPongs = 0
  }

  drain(): void {
    this.#outbox.flush()
  }

  closed(code: number): void {
    if (this.#state.name === 'closed') return
    this.#outbox.discard()
    this.#waiting = undefined
    this.#measures.clear()
    this.#services.metrics.closed(code)
    this.#become({ name: 'closed' })
    this.#events.closed(this)
  }

  /** Sends a frame that answers no request. */
  signal(response: Response): void {
    this.#outbox.send(encodeFrame(response, this.binary))
  }

  push(frames: PushFrames): void {
    if (this.#state.name !== 'open' || !this.broadcast) return
    this.#services.metrics.delivered()
    this.#outbox.send(this.binary ? frames.binary : frames.json)
  }

  ping(): void {
    this.#socket.ping()
  }

  /** Sends what waits, then closes. Idempotent. */
  close({ code, reason }: Pick<CloseReason, 'code' | 'reason'>): void {
    if (this.#state.name === 'closing' || this.#state.name === 'closed') return
    this.#become({ name: 'closing' })
    this.#outbox.close()
    this.#socket.close(code, reason)
  }

  /** Tells why there is no entry, then closes. */
  refuse(response: Response, reason: Pick<CloseReason, 'code' | 'reason'>): void {
    this.signal({ id: SIGNAL_ID, ...response })
    this.close(reason)
  }

  /** Starts nothing more, answers what is under way, then closes. */
  finish(reason: Pick<CloseReason, 'code' | 'reason'>): void {
    this.#waiting = undefined
    this.#finishing = reason
    if (this.#running === 0) this.close(reason)
  }

  /** Ends a connection that does not answer. */
  terminate(): void {
    if (this.#state.name === 'closed') return
    this.#become({ name: 'closing' })
    this.#outbox.discard()
    this.#socket.terminate()
  }

  async flushed(): Promise<void> {
    await this.#outbox.flushed()
  }

  #become(state: SessionState): void {
    this.#state = state
  }

  #keepEarly(early: EarlyMessage[], message: EarlyMessage): void {
    if (early.length >= this.#services.limits.maxEarly) this.#tooMany('messages before the session is open')
    else early.push(message)
  }

  #overflow(): void {
    this.#outbox.discard()
    this.#tooMany('messages for a slow reader')
  }

  #tooMany(what: string): void {
    this.#services.metrics.dropped()
    this.close({ ...closeCodes.overloaded, reason: `too many ${what}` })
  }

  #receive(data: Buffer, isBinary: boolean): void {
    this.#services.metrics.received(data.length)
    this.active = true
    try {
      this.#dispatch(parseRequest(decodeRequestFrame(data, isBinary)))
    } catch (error) {
      const status = toStatus(error, this.#services.logger)
      const id = status.params['id']
      this.#fail(typeof id === 'number' || typeof id === 'string' ? id : SIGNAL_ID, error)
    }
  }

  #dispatch(request: Request | HelloRequest): void {
    switch (request.method) {
      case 'hello':
        this.#hello(request as HelloRequest)
        return
      case '#upgrading':
      case '#upgrade':
        this.#events.upgrading(this)
        return
      default:
        this.#start(request)
    }
  }

  #hello(hello: HelloRequest): void {
    const answer = this.#events.hello(this, hello)
    const response = {
      id: SIGNAL_ID,
      result: 'hello',
      binary: hello.binary ?? false,
      ...answer,
    }
    this.#outbox.send(encodeFrame(response, false))
    this.binary = hello.binary ?? false
    this.broadcast = hello.broadcast ?? true
  }

  /** Requests start in order, some of them at once; the socket is not read while others wait. */
  #start(request: Request): void {
    if (this.#finishing !== undefined) return
    if (this.#running >= this.#services.limits.maxConcurrent) {
      this.#waiting ??= []
      if (this.#waiting.push(request) === 1) this.#socket.pause()
      return
    }
    this.#run(request)
  }

  #run(request: Request): void {
    if (this.#state.name !== 'open') return
    const method = commonMethods.get(request.method) ?? this.#events.method(this, request.method)
    if (method === undefined) {
      this.#fail(request.id, new StatusError('platform:status:UnknownMethod', { method: request.method }))
      return
    }
    const started = this.#services.performanceNow()
    if (method.kind !== 'other') this.statistics.count(method.kind)
    let result
    try {
      result = method.run(this.#context(this.#state.pipeline, this.#state.caller), request.params)
    } catch (error) {
      this.#fail(request.id, error)
      return
    }
    if (result instanceof Promise) void this.#await(request, started, result)
    else this.#answer(request, started, result)
  }

  #context(pipeline: Pipeline, caller: Caller): MethodContext {
    const { chunkBytes, chunkCount } = this.#services.limits
    const encoded = this.binary ? undefined : { maxBytes: chunkBytes, maxCount: chunkCount }
    return {
      pipeline,
      caller,
      encoded,
      token: this.token,
      measures: this.#measures,
    }
  }

  async #await(request: Request, started: number, result: Promise<unknown>): Promise<void> {
    this.#running += 1
    const done = this.#services.watch.started(this, request)
    try {
      this.#answer(request, started, await result)
    } catch (error) {
      this.#fail(request.id, error)
    } finally {
      done()
      this.#running -= 1
      this.#next()
    }
  }

  #next(): void {
    if (this.#finishing !== undefined) {
      if (this.#running === 0) this.close(this.#finishing)
      return
    }
    const request = this.#waiting?.shift()
    if (request !== undefined) this.#run(request)
    if (this.#waiting?.length !== 0) return
    this.#waiting = undefined
    this.#socket.resume()
  }

  #answer(request: Request, started: number, result: unknown): void {
    const spent = this.#services.performanceNow() - started
    this.#services.metrics.answered(request.method, spent / 1000)
    for (const [operation, sum] of this.#measures) this.#measures.set(operation, sum + spent)
    const encoding = { binary: this.binary, chunkCount: this.#services.limits.chunkCount }
    if (isEncodedResult(result)) {
      this.#sendFrames(encodedFrames(request.id, result), result.parts.length > 1)
      return
    }
    const chunked = Array.isArray(result) && result.length > encoding.chunkCount
    this.#sendFrames(answerFrames(request.id, result, encoding), chunked)
  }

  #sendFrames(frames: Generator<Buffer, undefined>, several: boolean): void {
    if (several) this.#outbox.sendAll(frames)
    else for (const frame of frames) this.#outbox.send(frame)
  }

  #fail(id: RequestId, error: unknown): void {
    this.#services.metrics.failed()
    this.#outbox.send(encodeFrame({ id, error: toStatus(error, this.#services.logger) }, this.binary))
  }
}

function isEncodedResult(result: unknown): result is Parameters<typeof encodedFrames>[1] {
  return typeof result === 'object' && result !== null && !Array.isArray(result) && isEncoded(result as never)
}
