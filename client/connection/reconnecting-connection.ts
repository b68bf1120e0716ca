import { generateId } from '../../model/generate-id.ts'
import type { HelloResponse, Response } from '../../protocol/messages.ts'
import type { Connection } from './connection.ts'
import type { PushListener } from './connection-options.ts'
import type { Cancel, Environment } from '../runtime/environment.ts'
import { ClientError, terminated } from '../runtime/errors.ts'
import type { Deadline } from '../runtime/deadline.ts'
import { Attempt } from './attempt.ts'
import { Backoff, reconnectDecision, needsNewSessionId } from './backoff.ts'
import { type CloseInfo, type ConnectionState, type Phase, transitions } from './connection-state.ts'
import { ConnectionWatch } from './connection-watch.ts'
import { Position } from './position.ts'
import type { ReconnectingListener, ReconnectingOptions } from './reconnecting-options.ts'
import { type RequestOptions, Requests } from './requests.ts'

/** Milliseconds between looks at a network that is gone, in case nobody tells that it is back. */
const LOOK = 4000
/** Times the patience with a connection that a long answer may be on its way over. */
const MOST_SLOWNESS = 4
const MESSAGE_TOO_BIG = 1009

/** A connection that is there again when it was gone, see `Phase` for its states. */
export class ReconnectingConnection {
  readonly #options: ReconnectingOptions
  readonly #environment: Environment
  readonly #listener: ReconnectingListener
  readonly #requests: Requests
  readonly #stopListening: Cancel
  readonly #backoff = new Backoff()
  readonly #position = new Position()
  #sessionId: string
  #phase: Phase = 'disconnected'
  #paused = false
  #attempt: Attempt | undefined
  #hello: HelloResponse | undefined
  #retryAt: number | undefined
  #connectionCount = 0
  #lastClose: CloseInfo | undefined
  #wantsFreshToken = false
  /** Why there is no return, until `restart`. */
  #refusal: ClientError | undefined
  /** The wait for the next attempt. */
  #cancelWait: Cancel | undefined
  #watch: ConnectionWatch | undefined
  #slowness = 1

  constructor(options: ReconnectingOptions, listener: ReconnectingListener) {
    this.#options = options
    this.#environment = options.environment
    this.#listener = listener
    this.#sessionId = options.sessionId
    const { clock, network, report } = options.environment
    this.#requests = new Requests({
      clock,
      report,
      limit: options.maxOutstanding,
      changed: () => this.#tell(),
      caughtUp: () => this.#caughtUp(),
      large: (message) => listener.largeMessage(message),
    })
    this.#stopListening = network.subscribe((event) => this.#networkChanged(event))
  }

  /** Dials, unless it has already. */
  start(): void {
    if (this.#phase === 'disconnected' && !this.#hasBegun) this.#dialWhenOnline()
  }

  /** What the server said to the last hello. */
  get hello(): HelloResponse | undefined {
    return this.#hello
  }

  get state(): ConnectionState {
    return {
      phase: this.#phase,
      paused: this.#paused,
      unanswered: this.#requests.size,
      oldestRequest: this.#requests.oldest,
      connectionCount: this.#connectionCount,
      retries: this.#backoff.retries,
      retryAt: this.#retryAt,
      lastClose: this.#lastClose,
    }
  }

  /**
   * @param patience of the call that this is a step of, where it is one
   * @throws StatusError what the server answered; ClientError when there will be no answer
   */
  request(
    method: string,
    params: readonly unknown[],
    options?: RequestOptions,
    patience?: Deadline,
  ): Promise<Response> {
    if (this.#phase === 'terminated') return Promise.reject(terminated())
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal)
    return this.#requests.add(method, params, options, patience)
  }

  /** Sends what wants no answer, where there is a connection. */
  send(method: string): void {
    if (this.#phase === 'ready') this.#attempt?.connection?.send(method)
  }

  /** Requests wait from now on. */
  pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#requests.hold()
    this.#tell()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    const connection = this.#attempt?.connection
    if (this.#phase === 'ready' && connection !== undefined) this.#requests.use(connection)
    this.#tell()
  }

  /** Closes the connection until `restart`; requests wait. */
  stop(): void {
    if (this.#phase === 'terminated' || this.#phase === 'stopped') return
    this.#leave()
    this.#become('stopped')
  }

  restart(): void {
    if (this.#phase !== 'stopped') return
    this.#refusal = undefined
    this.#backoff.reset()
    this.#dialWhenOnline()
  }

  /** Closes the connection for good; requests without an answer are rejected. Idempotent. */
  terminate(): void {
    if (this.#phase === 'terminated') return
    this.#leave()
    this.#stopListening()
    this.#become('terminated')
    this.#requests.rejectAll(terminated())
  }

  /** Gives the connection up and dials again soon. */
  reconnect(reason: string): void {
    if (this.#phase === 'connecting' || this.#phase === 'ready') this.#lost({ code: 0, reason }, false)
  }

  /** An attempt or a wait for one is under way, or was. */
  get #hasBegun(): boolean {
    return this.#attempt !== undefined || this.#cancelWait !== undefined
  }

  #dialWhenOnline(): void {
    this.#leave()
    if (this.#environment.network.isOnline()) this.#dial()
    else this.#becomeOffline()
  }

  #dial(): void {
    this.#become('connecting')
    // Who was told may have stopped it.
    if (this.#phase !== 'connecting') return
    this.#attempt = new Attempt(
      {
        connection: this.#options,
        sessionId: this.#sessionId,
        isFresh: this.#wantsFreshToken,
        resume: this.#position.place,
      },
      {
        ready: (...parts) => this.#ready(...parts),
        pushed: (...push) => this.#pushed(...push),
        signalled: (signal: Response) => this.#listener.signalled(signal),
        ended: (...end) => this.#lost(...end),
      },
    )
  }

  #ready(connection: Connection, hello: HelloResponse, token: string): void {
    const resumes = this.#position.place !== undefined && hello.resumed === true
    this.#hello = hello
    this.#wantsFreshToken = false
    this.#connectionCount += 1
    this.#watchOver(connection, token)
    if (!resumes) this.#position.start(hello.epoch, hello.seq)
    const { logger } = this.#environment
    logger.debug('connected', { connections: this.#connectionCount, resumed: resumes })
    const isStill = () => this.#attempt?.connection === connection
    this.#become('ready')
    if (!isStill()) return
    if (resumes) this.#listener.resumed(hello)
    else this.#listener.reload()
    if (!this.#paused && isStill()) this.#requests.use(connection)
  }

  #watchOver(connection: Connection, token: string): void {
    const { getToken, inactivity } = this.#options
    const patience = inactivity * this.#slowness
    this.#watch = new ConnectionWatch({
      connection,
      token,
      getToken,
      patience,
      environment: this.#environment,
      silent: () => this.#silent(patience),
      notRenewed: () => (this.#wantsFreshToken = true),
    })
  }

  /** Where an answer was due, its next part may take longer than this on a slow line: the next connection has more time. */
  #silent(patience: number): void {
    if (this.#requests.isReading) this.#slowness = Math.min(MOST_SLOWNESS, this.#slowness * 2)
    this.#lost({ code: 0, reason: `silent for ${patience} ms` }, false)
  }

  #caughtUp(): void {
    this.#slowness = 1
    // Not before: a server that falls over whenever it is asked would be asked ever faster.
    this.#backoff.reset()
  }

  #pushed(...[txes, seq, seqs, after]: Parameters<PushListener>): void {
    const arrival = this.#position.arrive(seq, after)
    if (arrival === 'new') this.#listener.pushed(txes, seq, seqs, after)
    else if (arrival === 'gap') this.reconnect('something is missing before what was pushed')
  }

  /** The connection is gone, or never was one: what comes next is the server's word, or patience. */
  #lost(close: CloseInfo, isFinal: boolean): void {
    const { random, logger, network } = this.#environment
    const { connection, startedAt = 0 } = this.#attempt ?? {}
    const wasReady = this.#phase === 'ready'
    this.#lastClose = close
    this.#leave()
    const { code, reason } = close
    logger.debug('disconnected', { code, reason, retries: this.#backoff.retries })
    // A page that was duplicated has the id of the other one.
    if (needsNewSessionId(code)) this.#sessionId = generateId()
    const verdict = reconnectDecision(close, isFinal)
    if (!verdict.retry) return this.#refused(close)
    if (code === MESSAGE_TOO_BIG && connection !== undefined) this.#requests.refuseLargest(connection)
    this.#wantsFreshToken ||= verdict.freshToken
    if (!network.isOnline()) return this.#becomeOffline()
    const backoff = this.#backoff.next(verdict, random())
    // From attempt to attempt: one that nobody answered has taken its time.
    const isUnanswered = verdict.cause === 'network' && !wasReady
    const taken = isUnanswered ? this.#environment.clock.monotonic() - startedAt : 0
    this.#waitFor(Math.max(verdict.wanted ?? 0, backoff - taken))
  }

  #waitFor(milliseconds: number): void {
    const { clock } = this.#environment
    this.#retryAt = clock.now() + milliseconds
    this.#cancelWait = clock.schedule(milliseconds, () => this.#dialWhenOnline())
    this.#become('disconnected')
  }

  #refused({ reason, status }: CloseInfo): void {
    const why = status === undefined ? reason : status.code
    this.#refusal = new ClientError('refused', `the server refuses: ${why}`, status)
    this.#become('stopped')
    this.#requests.rejectAll(this.#refusal)
    this.#listener.refused(this.#refusal)
  }

  #becomeOffline(): void {
    this.#backoff.reset()
    this.#cancelWait = this.#environment.clock.schedule(LOOK, () => this.#dialWhenOnline())
    this.#become('offline')
  }

  #networkChanged(event: 'online' | 'offline' | 'visible'): void {
    switch (this.#phase) {
      case 'disconnected':
      case 'offline':
        if (!this.#hasBegun) return
        this.#backoff.reset()
        this.#dialWhenOnline()
        return
      case 'connecting':
      case 'ready':
        if (event === 'offline') this.#lost({ code: 0, reason: 'the network is gone' }, false)
        else if (this.#phase === 'ready') this.#watch?.check()
        // Begun without a network, it may wait for long.
        else if (event === 'online' && this.#attempt?.isOpen !== true) this.#dialWhenOnline()
        return
      case 'stopped':
      case 'terminated':
        return
      default:
        this.#phase satisfies never
    }
  }

  /** Ends the connection, its timers with it. */
  #leave(): void {
    this.#cancelWait?.()
    this.#cancelWait = undefined
    this.#watch?.stop()
    this.#watch = undefined
    this.#retryAt = undefined
    this.#requests.hold()
    const attempt = this.#attempt
    this.#attempt = undefined
    attempt?.leave()
  }

  #become(phase: Phase): void {
    if (this.#phase === phase) return
    if (!transitions[this.#phase].includes(phase)) throw new Error(`${this.#phase} to ${phase}`)
    this.#phase = phase
    this.#tell()
  }

  #tell(): void {
    this.#listener.stateChanged(this.state)
  }
}
