import assert from 'node:assert'
import { decodeRequestFrame } from '../../protocol/codec.ts'
import { type CloseReason, closeCodes } from '../../protocol/close-codes.ts'
import {
  type HelloRequest,
  type HelloResponse,
  type LogPosition,
  type Request,
  type Response,
  SIGNAL_ID,
} from '../../protocol/messages.ts'
import { parseRequest } from '../../protocol/parse-request.ts'
import type { Caller } from '../../pipeline/shared/caller.ts'
import type { CatchUp, CatchUpRequest } from '../../pipeline/reads/catch-up.ts'
import type { Pipeline } from '../../pipeline/open-workspace.ts'
import { textFrame } from '../wire/frame.ts'
import type { Socket, SocketHandlers } from '../wire/socket.ts'
import type { Token } from '../auth/tokens.ts'
import { encodeFrame } from '../wire/encode-response.ts'
import { Liveness } from './liveness.ts'
import type { Method } from '../methods/core-methods.ts'
import { Outbox } from '../wire/outbox.ts'
import type { PushFrames } from '../wire/push-frames.ts'
import { PushPosition } from './push-position.ts'
import { Resumption } from './resume-buffer.ts'
import { RequestRunner } from '../requests/request-runner.ts'
import type { SentKind, SessionServices } from './session-services.ts'
import { Statistics } from '../requests/request-statistics.ts'
import { toStatus } from '../errors/map-error.ts'

/**
 * ```
 * authenticating --> entering --> open --> closing --> closed
 *        \______________\_________________/     \____/
 * ```
 * Whatever arrives before `open` is kept, in order. `closing`: the session is over, its socket not yet.
 */
export type SessionState =
  | { name: 'authenticating' | 'entering'; early: EarlyMessage[] }
  | { name: 'open'; pipeline: Pipeline; caller: Caller }
  | { name: 'closing' }
  | { name: 'closed' }

const transitions: Record<SessionState['name'], readonly SessionState['name'][]> = {
  authenticating: ['entering', 'closing', 'closed'],
  entering: ['open', 'closing', 'closed'],
  open: ['closing', 'closed'],
  closing: ['closed'],
  closed: [],
}

interface EarlyMessage {
  data: Buffer
  isBinary: boolean
}

export interface SessionEvents {
  /** Once, when the session is over, however that came about. */
  over: (session: Session) => void
  hello: (session: Session, hello: HelloRequest) => Partial<HelloResponse>
  /** The client knows that the model is about to change. */
  upgrading: (session: Session) => void
  /** Methods beside the common ones. */
  method: (session: Session, name: string) => Method | undefined
}

type OpenState = Extract<SessionState, { name: 'open' }>
type Reason = Pick<CloseReason, 'code' | 'reason'>

/** One client's connection to one workspace. */
export class Session implements SocketHandlers {
  readonly id: string
  readonly startedAt: number
  readonly statistics: Statistics
  token: Token
  binary = false
  broadcast = true
  deflates = false
  protocol: 1 | 2 = 1
  readonly liveness: Liveness
  readonly #socket: Socket
  readonly #services: SessionServices
  readonly #events: SessionEvents
  readonly #outbox: Outbox
  readonly #runner: RequestRunner
  #state: SessionState = { name: 'authenticating', early: [] }
  #earlyBytes = 0
  #finishing: Reason | undefined
  #resumption: Resumption | undefined
  readonly #position = new PushPosition()

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
    this.liveness = new Liveness(options.socket)
    this.#services = options.services
    this.#events = options.events
    this.startedAt = options.services.now()
    this.statistics = new Statistics(options.services.monotonic)
    const { flusher, limits } = options.services
    this.#outbox = new Outbox(options.socket, flusher, limits.outbox, () => this.#overflow())
    this.#runner = new RequestRunner(this, options.services, {
      pause: () => this.#read(false),
      resume: () => this.#read(true),
      idle: () => this.#idle(),
      method: (name) => this.#events.method(this, name),
      send: (frame, kind) => this.#send(frame, kind),
      sendAll: (frames) => this.#outbox.sendAll(frames),
    })
  }

  get state(): SessionState['name'] {
    return this.#state.name
  }

  /** No request is started, and nothing is sent any more. */
  get isOver(): boolean {
    return this.#state.name === 'closing' || this.#state.name === 'closed'
  }

  get caller(): Caller | undefined {
    return this.#state.name === 'open' ? this.#state.caller : undefined
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
    this.liveness.spoke()
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
    this.liveness.ponged()
  }

  taken(): void {
    this.liveness.took()
  }

  drain(): void {
    this.#outbox.flush()
  }

  closed(code: number): void {
    if (this.#state.name === 'closed') return
    const wasOver = this.isOver
    this.#services.metrics.closed(code)
    this.#become({ name: 'closed' })
    if (!wasOver) this.#over()
    this.#outbox.discard()
  }

  /** Sends a frame that answers no request. */
  signal(response: Response): void {
    if (!this.isOver) this.#send(encodeFrame(response, this.binary), 'signal')
  }

  push(frames: PushFrames): void {
    if (this.#state.name !== 'open' || !this.broadcast || this.#position.isEnded) return
    if (this.#resumption === undefined) this.#push(frames)
    else this.#resumption.hold(frames)
  }

  /** Something was committed that is not pushed: nothing more is, and the client resumes when it is back. */
  leaveOut(): void {
    this.#position.end()
  }

  /** Asks for a sign of life. @param again in words too, for a client that does not know the protocol's own ping */
  ping(again: boolean): void {
    this.#socket.ping()
    if (again && this.#state.name === 'open') this.signal({ result: 'ping' })
  }

  /** Sends what waits, then closes. Idempotent. */
  close({ code, reason }: Reason): void {
    if (this.isOver) return
    this.#become({ name: 'closing' })
    this.#outbox.close()
    this.#socket.close(code, reason)
    this.#over()
  }

  /** Tells why there is no entry, then closes. */
  refuse(response: Omit<Response, 'id'>, reason: Reason): void {
    this.signal({ id: SIGNAL_ID, ...response })
    this.close(reason)
  }

  /** Starts nothing more, answers what is under way, then closes. */
  finish(reason: Reason): void {
    this.#finishing = reason
    this.#runner.stop()
    if (this.#runner.running === 0) this.close(reason)
  }

  /** Ends a connection that does not answer. */
  terminate(): void {
    if (this.#state.name === 'closed') return
    const wasOver = this.isOver
    if (!wasOver) this.#become({ name: 'closing' })
    this.#outbox.discard()
    this.#socket.terminate()
    if (!wasOver) this.#over()
  }

  #become(state: SessionState): void {
    assert(transitions[this.#state.name].includes(state.name), `${this.#state.name} to ${state.name}`)
    this.#state = state
  }

  #over(): void {
    this.liveness.over()
    this.#runner.stop()
    this.#events.over(this)
  }

  #read(isRead: boolean): void {
    if (isRead) this.#socket.resume()
    else this.#socket.pause()
    this.liveness.reads(isRead)
  }

  #idle(): void {
    if (this.#finishing !== undefined) this.close(this.#finishing)
  }

  #send(frame: Buffer, kind: SentKind): void {
    this.#services.metrics.sent(kind, frame.length)
    this.#outbox.send(frame)
  }

  #keepEarly(early: EarlyMessage[], message: EarlyMessage): void {
    const { earlyMessages, earlyBytes } = this.#services.limits
    this.#earlyBytes += message.data.length
    if (early.length < earlyMessages && this.#earlyBytes <= earlyBytes) early.push(message)
    else this.#tooMuch('comes before the session is open')
  }

  #overflow(): void {
    this.#outbox.discard()
    this.#tooMuch('waits for a slow reader')
  }

  #tooMuch(what: string): void {
    this.#services.metrics.dropped()
    this.#services.logger.warn({ session: this.id, workspace: this.token.workspace }, `too much ${what}`)
    this.close({ ...closeCodes.overloaded, reason: `too much ${what}` })
  }

  #receive(data: Buffer, isBinary: boolean): void {
    this.#services.metrics.received(isBinary ? 'binary' : 'text', data.length)
    if (!isBinary && isPing(data)) {
      this.#send(textFrame('pong!'), 'signal')
      return
    }
    try {
      this.#dispatch(parseRequest(decodeRequestFrame(data, isBinary)))
    } catch (error) {
      const { id } = toStatus(error, this.#services.logger).params
      this.#runner.fail(typeof id === 'boolean' || id === undefined ? SIGNAL_ID : id, error)
    }
  }

  #dispatch(request: Request | HelloRequest): void {
    if (this.#state.name !== 'open') return
    switch (request.method) {
      case 'hello':
        this.#hello(request as HelloRequest, this.#state)
        return
      case '#upgrading':
      case '#upgrade':
        this.#events.upgrading(this)
        return
      default:
        this.#runner.start(request, this.#state)
    }
  }

  #push(frames: PushFrames): void {
    const { binary } = this
    if (this.protocol === 1) this.#send(frames.frame({ binary, numbered: false }), 'push')
    else if (frames.seq === undefined) this.#send(frames.frame({ binary, numbered: true }), 'push')
    else {
      const follows = this.#position.advance(frames.seq)
      if (follows !== undefined) this.#send(frames.frame({ binary, numbered: true, ...follows }), 'push')
    }
  }

  #hello(hello: HelloRequest, open: OpenState): void {
    this.binary = hello.binary ?? false
    this.broadcast = hello.broadcast ?? true
    if (hello.protocol !== 2) {
      this.#answerHello(hello, {})
      return
    }
    this.protocol = 2
    this.deflates = hello.compression ?? false
    if (hello.resume === undefined) this.#startAt(hello, placeOf(open))
    else void this.#resume(hello, hello.resume, open)
  }

  #startAt(hello: HelloRequest, place: Partial<HelloResponse> & { seq: number }): void {
    this.#position.set(place.seq)
    this.#answerHello(hello, place)
  }

  #answerHello(hello: HelloRequest, more: Partial<HelloResponse>): void {
    const { binary } = this
    const answer = { id: SIGNAL_ID, result: 'hello', binary, ...this.#events.hello(this, hello), ...more }
    this.#send(encodeFrame(answer, false), 'signal')
  }

  /** Sends what was missed since, before anything newer; or has the client start anew. */
  async #resume(hello: HelloRequest, { epoch, seq }: LogPosition, open: OpenState): Promise<void> {
    const { resume: most, outbox } = this.#services.limits
    // Half of what may wait for a slow reader: the rest is for what comes meanwhile.
    const mostBytes = outbox.bytes / 2
    const resumption = new Resumption(outbox.messages)
    this.#resumption = resumption
    const missed = await this.#missed(epoch, { after: seq, most, mostBytes }, open)
    if (this.#resumption !== resumption || this.isOver) return
    this.#resumption = undefined
    const frames = missed === undefined ? undefined : resumption.frames(missed)
    const place = placeOf(open)
    if (missed === undefined || frames === undefined) {
      this.#startAt(hello, { ...place, resumed: false })
      for (const held of resumption.since(place.seq)) this.#push(held)
    } else {
      this.#position.set(seq)
      this.#answerHello(hello, { ...place, seq: missed.seq, resumed: true })
      for (const frame of frames) this.#push(frame)
    }
  }

  async #missed(
    epoch: string,
    since: CatchUpRequest,
    { pipeline, caller }: OpenState,
  ): Promise<CatchUp | undefined> {
    if (epoch !== pipeline.epoch) return undefined
    try {
      return await pipeline.catchUp(caller, since)
    } catch (error) {
      this.#services.logger.error({ err: error, session: this.id }, 'what a session missed was not read')
      return undefined
    }
  }
}

/** Later clients of the family ask for life by the bare text, instead of a request. */
function isPing(data: Buffer): boolean {
  return data.length === PING.length && data.equals(PING)
}

const PING = Buffer.from('ping')

/** What a client of protocol 2 is told of the workspace. */
function placeOf({ pipeline, caller }: OpenState): Partial<HelloResponse> & { seq: number } {
  const account = caller.account === '' ? {} : { account: caller.account }
  const { epoch, model, lastSeq } = pipeline
  return { protocol: 2, epoch, seq: lastSeq(), modelHash: model.hash, features, ...account }
}

const features = ['resume', 'query', 'binary', 'deflate', 'authenticate']
