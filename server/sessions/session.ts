import assert from 'node:assert'
import type { Caller } from '../../pipeline/shared/caller.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import { closeCodes } from '../../protocol/close-codes.ts'
import { type HelloRequest, type HelloResponse, type Response, SIGNAL_ID } from '../../protocol/messages.ts'
import type { Token } from '../auth/tokens.ts'
import type { MemoryHolder } from '../memory/memory-budget.ts'
import type { Measures } from '../methods/method.ts'
import type { Requester } from '../requests/call.ts'
import type { SessionRate } from '../requests/request-rates.ts'
import { MethodSlots } from '../requests/method-slots.ts'
import { RequestQueue } from '../requests/request-queue.ts'
import { RunningCalls } from '../requests/running-calls.ts'
import { RequestStatistics } from '../requests/request-statistics.ts'
import { encodeFrame } from '../wire/encode-response.ts'
import type { Frame } from '../wire/frame.ts'
import type { FrameFormat } from '../wire/frame-format.ts'
import type { FrameSource } from '../wire/frame-streams.ts'
import type { PushFrames } from '../wire/push-frames.ts'
import type { Socket, SocketHandlers } from '../wire/socket.ts'
import { ClientLine } from './client-line.ts'
import { EarlyMessages, type Message } from './early-messages.ts'
import { Handshake } from './handshake.ts'
import { Inbox } from './inbox.ts'
import type { Liveness } from './liveness.ts'
import { PushFeed } from './push-feed.ts'
import { limitBytes } from './limit-bytes.ts'
import { receiveMessage } from './receive-message.ts'
import type { SentKind, SessionServices } from './session-services.ts'
import {
  initialSettings,
  type Opened,
  type Reason,
  type SessionState,
  type Settings,
  settingsOf,
  transitions,
} from './session-state.ts'

/** Bytes of calls of methods that wait. */
const WAITING_BYTES = 4 * 1024 * 1024

export interface SessionEvents {
  /** Called once, when the session is over, for whatever reason. */
  over: (session: Session) => void
  /** The server's part of the response to `hello`. */
  introduction: (session: Session, hello: HelloRequest) => Partial<HelloResponse>
  /** The client knows that the model is about to change. */
  upgrading: (session: Session) => void
  tokenRenewed: (session: Session) => void
}

export interface SessionOptions {
  id: string
  token: Token
  socket: Socket
  /** Of the client, in the form that limits count by. */
  address: string
  services: SessionServices
  events: SessionEvents
}

/** One client's connection to one workspace. */
export class Session implements SocketHandlers, Requester, MemoryHolder {
  readonly id: string
  readonly startedAt: number
  readonly statistics: RequestStatistics
  readonly requests: RequestQueue
  readonly methods: MethodSlots
  readonly streams: MethodSlots
  readonly calls = new RunningCalls()
  readonly measures: Measures = new Map()
  readonly rate: SessionRate
  readonly #line: ClientLine
  readonly #services: SessionServices
  readonly #events: SessionEvents
  readonly #feed: PushFeed
  readonly #inbox: Inbox
  #token: Token
  #state: SessionState

  constructor({ id, token, socket, address, services, events }: SessionOptions) {
    const { limits } = services
    this.id = id
    this.#token = token
    this.#services = services
    this.#events = events
    this.startedAt = services.now()
    this.#line = new ClientLine(socket, services, () => this.#overflow())
    this.statistics = new RequestStatistics(services.monotonic)
    this.#feed = new PushFeed((frame) => this.send(frame, 'push'))
    this.rate = services.rates.of(token, address)
    const { reading } = this.#line
    this.requests = new RequestQueue(limits.concurrentRequests, {
      pause: () => reading.stop('queue'),
      resume: () => reading.go('queue'),
      idle: () => this.#closeWhenFinished(),
    })
    const idle = () => this.#closeWhenFinished()
    const { concurrentMethods, waitingMethods, concurrentStreams } = limits
    this.methods = new MethodSlots({
      running: concurrentMethods,
      waiting: waitingMethods,
      waitingBytes: WAITING_BYTES,
      idle,
    })
    this.streams = new MethodSlots({ running: concurrentStreams, waiting: 0, waitingBytes: 0, idle })
    const handle = (message: Message): void => {
      const opened = this.#opened
      if (opened !== undefined) this.#receive(message, opened)
    }
    this.#inbox = new Inbox({
      workspace: token.workspace,
      turns: services.turns,
      reading,
      handle,
    })
    const own = { messages: limits.earlyMessages, bytes: limits.earlyBytes }
    const early = new EarlyMessages(own, services.earlyBudget)
    this.#state = { name: 'authenticating', early }
  }

  get state(): SessionState['name'] {
    return this.#state.name
  }

  get token(): Token {
    return this.#token
  }

  /** No request is started, and nothing is sent any more. */
  get isOver(): boolean {
    return this.#state.name === 'closing' || this.#state.name === 'closed'
  }

  get caller(): Caller | undefined {
    return this.#opened?.caller
  }

  get protocol(): 1 | 2 {
    return this.#settings.protocol
  }

  get format(): FrameFormat {
    return this.#settings.format
  }

  get liveness(): Liveness {
    return this.#line.liveness
  }

  get outboxMessages(): number {
    return this.#line.outboxMessages
  }

  get heldBytes(): number {
    const early = 'early' in this.#state ? this.#state.early.bytes : 0
    return this.#line.bytes + this.#inbox.bytes + this.methods.heldBytes + early
  }

  giveWay(): void {
    this.#line.discard()
    this.#tooMuch('is held while memory is short')
    // Until the closing handshake is complete, the rest of a message would be kept too.
    if (this.#line.isAmidMessage) this.#line.terminate()
  }

  /** The accounts service agreed; the session waits for its workspace. */
  enter(): void {
    if (this.#state.name === 'authenticating') this.#become({ ...this.#state, name: 'entering' })
  }

  /** Handles the early messages, and all that follow. */
  open(pipeline: Pipeline, caller: Caller): void {
    if (this.#state.name !== 'entering') return
    const { early } = this.#state
    this.#become({ name: 'open', pipeline, caller, settings: initialSettings })
    for (const { data, isBinary } of early) this.message(data, isBinary)
    early.release()
  }

  message(data: Buffer, isBinary: boolean): void {
    this.liveness.spoke()
    switch (this.#state.name) {
      case 'authenticating':
      case 'entering':
        if (!this.#state.early.add({ data, isBinary })) this.#tooMuch('comes before the session is open')
        return
      case 'open':
      case 'finishing':
        this.#inbox.add({ data, isBinary })
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
    this.#line.flush()
  }

  closed(code: number): void {
    if (this.#state.name === 'closed') return
    const wasOver = this.isOver
    this.#services.metrics.closed(code)
    this.#become({ name: 'closed' })
    if (!wasOver) this.#over()
    this.#line.discard()
  }

  signal(response: Response): void {
    if (!this.isOver) this.send(encodeFrame(response, this.format), 'signal')
  }

  push(frames: PushFrames): void {
    const opened = this.#opened
    if (opened !== undefined) this.#feed.push(frames, opened.settings)
  }

  rest(milliseconds: number): void {
    if (!this.isOver) this.#line.reading.rest(milliseconds)
  }

  stopPushes(): void {
    this.#feed.stop()
  }

  send(frame: Frame, kind: SentKind): void {
    this.#line.send(frame, kind)
  }

  sendAll(source: FrameSource): void {
    this.#line.sendAll(source)
  }

  room(): Promise<void> {
    return this.#line.room()
  }

  renewToken(token: Token): void {
    this.#token = token
    this.#events.tokenRenewed(this)
  }

  /** Asks for a sign of life. @param again as a message too, for a client that does not know the protocol's own ping */
  ping(again: boolean): void {
    this.#line.ping()
    if (again && this.#opened !== undefined) this.signal({ result: 'ping' })
  }

  close(reason: Reason): void {
    if (this.isOver) return
    this.#become({ name: 'closing' })
    this.#line.close(reason)
    this.#over()
  }

  /** Sends the reason why there is no entry, then closes. */
  refuse(response: Omit<Response, 'id'>, reason: Reason): void {
    this.signal({ id: SIGNAL_ID, ...response })
    this.close(reason)
  }

  /** Starts no more requests, responds to the running ones, then closes. */
  finish(reason: Reason): void {
    if (this.#state.name === 'finishing') return
    this.#stopRequests()
    this.calls.over('streams')
    if (this.#state.name !== 'open' || this.#running === 0) this.close(reason)
    else this.#become({ ...this.#state, name: 'finishing', reason })
  }

  /** Ends a connection that does not respond. */
  terminate(): void {
    if (this.#state.name === 'closed') return
    const wasOver = this.isOver
    if (!wasOver) this.#become({ name: 'closing' })
    this.#line.terminate()
    if (!wasOver) this.#over()
  }

  get #opened(): Opened | undefined {
    return this.#state.name === 'open' || this.#state.name === 'finishing' ? this.#state : undefined
  }

  get #settings(): Settings {
    return this.#opened?.settings ?? initialSettings
  }

  #become(state: SessionState): void {
    assert(transitions[this.#state.name].includes(state.name), `${this.#state.name} to ${state.name}`)
    if ('early' in this.#state && (state.name === 'closing' || state.name === 'closed'))
      this.#state.early.release()
    this.#state = state
  }

  #over(): void {
    this.#line.over()
    this.#stopRequests()
    this.calls.over('all')
    this.#inbox.clear()
    this.measures.clear()
    this.#events.over(this)
  }

  #closeWhenFinished(): void {
    if (this.#state.name === 'finishing' && this.#running === 0) this.close(this.#state.reason)
  }

  get #running(): number {
    return this.requests.running + this.methods.running + this.streams.running
  }

  #stopRequests(): void {
    this.requests.stop()
    this.methods.stop()
    this.streams.stop()
  }

  #overflow(): void {
    this.#line.discard()
    this.#tooMuch('waits for a slow reader')
  }

  #tooMuch(what: string): void {
    const { metrics, logger } = this.#services
    metrics.dropped()
    logger.warn({ session: this.id, workspace: this.token.workspace }, `too much ${what}`)
    this.close({ ...closeCodes.overloaded, reason: `too much ${what}` })
  }

  #receive(message: Message, { pipeline, caller }: Opened): void {
    const bytes = message.data.length
    limitBytes(this, bytes, this.#services)
    receiveMessage(message, this, this.#services, {
      hello: (hello) => this.#hello(hello),
      upgrading: () => this.#events.upgrading(this),
      rested: () => this.rate.rested(),
      cancelled: (id) => this.calls.cancel(id),
      more: (id, values) => this.calls.more(id, values),
      request: (request) => this.#services.handle({ request, session: this, pipeline, caller, bytes }),
    })
  }

  #hello(hello: HelloRequest): void {
    const state = this.#state
    if (state.name !== 'open' && state.name !== 'finishing') return
    const opened = { ...state, settings: settingsOf(hello, state.settings) }
    this.#become(opened)
    new Handshake({
      session: this,
      services: this.#services,
      feed: this.#feed,
      settings: () => this.#settings,
      introduction: (request) => this.#events.introduction(this, request),
      send: (frame) => this.send(frame, 'signal'),
      overflow: () => this.#tooMuch('is pushed while the session resumes'),
    }).respond(hello, opened)
  }
}
