import type { HelloResponse, LogPlace, Response } from '../../protocol/messages.ts'
import { Connection, type PushListener } from '../connection.ts'
import type { Cancel, Environment } from '../environment.ts'
import { ClientError } from '../errors.ts'
import { backoff, verdictOf } from './backoff.ts'
import { type CloseInfo, type ConnectionState, type Phase, transitions } from './connection-state.ts'
import { type LargeMessage, type RequestOptions, Requests } from './requests.ts'
import { Silence } from './silence.ts'
import { beforeExpiry, type GetToken } from './token-source.ts'

export interface ReconnectingOptions {
  /** `ws://HOST:PORT` */
  url: string
  getToken: GetToken
  environment: Environment
  /** One id for all connections: the server knows a client that comes back. */
  sessionId: string
  binary: boolean
  compression: boolean
  broadcast: boolean
  /** Milliseconds from dialing to the server's hello. */
  dialTimeout: number
  /** Milliseconds without a word from the server after which the connection is taken for dead. */
  inactivity: number
  /** Requests that may wait for their answers. */
  maxOutstanding: number
}

export interface ReconnectingListener {
  /** Transactions, each once and in order, with the place in the log they lead to, or with that of each. */
  pushed: PushListener
  /** What was known may be out of date: everything has to be asked for again. Once after each first connection too. */
  reload: () => void
  /** A connection goes on where the last one ended; what was missed is about to be pushed. */
  resumed: (hello: HelloResponse) => void
  stateChanged: (state: ConnectionState) => void
  largeMessage: (message: LargeMessage) => void
  /** The server said something unasked: an upgrade, a refusal. */
  signalled: (signal: Response) => void
}

/** A connection that is there again when it was gone, see `Phase` for its states. */
export class ReconnectingConnection {
  readonly #options: ReconnectingOptions
  readonly #listener: ReconnectingListener
  readonly #requests: Requests
  readonly #stopListening: Cancel
  #phase: Phase = 'disconnected'
  #paused = false
  #connection: Connection | undefined
  #hello: HelloResponse | undefined
  #place: LogPlace | undefined
  #attempt = 0
  #retries = 0
  #retryAt: number | undefined
  #connectionCount = 0
  #lastClose: CloseInfo | undefined
  #wantsFreshToken = false
  /** Those of the phase: an attempt, a wait, a connection. */
  #cancels: Cancel[] = []
  #silence: Silence | undefined

  constructor(options: ReconnectingOptions, listener: ReconnectingListener) {
    this.#options = options
    this.#listener = listener
    const { clock, network } = options.environment
    this.#requests = new Requests({
      clock,
      limit: options.maxOutstanding,
      changed: () => this.#tell(),
      // Not before: a server that falls over whenever it is asked would be asked ever faster.
      caughtUp: () => (this.#retries = 0),
      large: (message) => listener.largeMessage(message),
    })
    this.#stopListening = network.subscribe((event) => this.#networkChanged(event))
  }

  /** Dials, unless it has already. */
  start(): void {
    if (this.#phase === 'disconnected' && this.#cancels.length === 0) this.#dial()
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
      retries: this.#retries,
      retryAt: this.#retryAt,
      lastClose: this.#lastClose,
    }
  }

  /** @throws StatusError what the server answered; ClientError when there will be no answer */
  request(method: string, params: readonly unknown[], options?: RequestOptions): Promise<Response> {
    if (this.#phase === 'terminated')
      return Promise.reject(new ClientError('terminated', 'the client was terminated'))
    return this.#requests.add(method, params, options)
  }

  /** Sends what wants no answer, where there is a connection. */
  send(method: string): void {
    if (this.#phase === 'ready') this.#connection?.send(method)
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
    if (this.#phase === 'ready' && this.#connection !== undefined) this.#requests.use(this.#connection)
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
    this.#retries = 0
    this.#dial()
  }

  /** Closes the connection for good; requests without an answer are rejected. Idempotent. */
  terminate(): void {
    if (this.#phase === 'terminated') return
    this.#leave()
    this.#stopListening()
    this.#become('terminated')
    this.#requests.rejectAll(new ClientError('terminated', 'the client was terminated'))
  }

  /** Gives the connection up and dials again at once. */
  reconnect(reason: string): void {
    if (this.#phase !== 'connecting' && this.#phase !== 'ready') return
    this.#lost({ code: 0, reason }, false)
  }

  #dial(): void {
    this.#clear()
    this.#become('connecting')
    this.#attempt += 1
    const attempt = this.#attempt
    const { environment, dialTimeout } = this.#options
    const late = () => this.#lost({ code: 0, reason: `no hello within ${dialTimeout} ms` }, false)
    this.#cancels.push(environment.clock.schedule(dialTimeout, late))
    void this.#connect(attempt)
  }

  async #connect(attempt: number): Promise<void> {
    const isCurrent = () => this.#attempt === attempt && this.#phase === 'connecting'
    let token
    try {
      token = await this.#options.getToken({ isFresh: this.#wantsFreshToken })
    } catch {
      // Whatever it threw may hold a secret.
      if (isCurrent()) this.#lost({ code: 0, reason: 'getToken failed' }, false)
      return
    }
    if (!isCurrent()) return
    const connection = this.#open(token, (hello) => {
      // What was missed may be in the same packet: it must not come before this is known.
      if (this.#connection === connection && connection !== undefined && this.#phase === 'connecting')
        this.#ready(connection, hello, token)
    })
    if (connection === undefined) return
    this.#connection = connection
    let isFinal = false
    connection.onSignal((signal) => {
      isFinal ||= signal.terminate === true
      if (this.#connection === connection) this.#listener.signalled(signal)
    })
    void connection.closed.then(({ code, reason }) => {
      const { refusal } = connection
      if (this.#connection === connection) this.#lost({ code, reason, status: refusal?.status }, isFinal)
    })
    connection.onPush((...push) => this.#pushed(connection, ...push))
  }

  #open(token: string, onHello: (hello: HelloResponse) => void): Connection | undefined {
    const { url, sessionId, binary, compression, broadcast, environment } = this.#options
    const { dial } = environment
    try {
      return new Connection({
        url,
        token,
        dial,
        sessionId,
        binary,
        compression,
        broadcast,
        protocol: 2,
        resume: this.#place,
        onHello,
      })
    } catch (error) {
      this.#lost({ code: 0, reason: (error as Error).message }, false)
      return undefined
    }
  }

  #ready(connection: Connection, hello: HelloResponse, token: string): void {
    const { clock, logger } = this.#options.environment
    const resumes = this.#place !== undefined && hello.resumed === true
    this.#clear()
    this.#hello = hello
    this.#wantsFreshToken = false
    this.#connectionCount += 1
    this.#cancels.push(beforeExpiry(token, clock, () => void this.#renewToken(connection)))
    const { inactivity } = this.#options
    const dead = () => this.#lost({ code: 0, reason: `silent for ${inactivity} ms` }, false)
    this.#silence = new Silence({
      connection,
      clock,
      inactivity,
      isWaiting: () => this.#requests.size > 0,
      dead,
    })
    this.#cancels.push(() => this.#silence?.stop())
    if (!resumes) {
      const { epoch, seq } = hello
      this.#place = epoch === undefined || seq === undefined ? undefined : { epoch, seq }
    }
    logger.debug('connected', { connections: this.#connectionCount, resumed: resumes })
    this.#become('ready')
    if (resumes) this.#listener.resumed(hello)
    else this.#listener.reload()
    if (!this.#paused && this.#connection === connection) this.#requests.use(connection)
  }

  #pushed(connection: Connection, ...[txes, seq, seqs]: Parameters<PushListener>): void {
    // Before hello they are those of protocol 1.
    if (this.#connection !== connection || this.#phase !== 'ready') return
    if (seq !== undefined && this.#place !== undefined) {
      if (seq <= this.#place.seq) return
      this.#place = { ...this.#place, seq }
    }
    this.#listener.pushed(txes, seq, seqs)
  }

  /** Without dropping the connection; when it fails, the next one asks again. */
  async #renewToken(connection: Connection): Promise<void> {
    const { getToken, environment } = this.#options
    try {
      const token = await getToken({ isFresh: true })
      if (this.#connection !== connection) return
      await connection.request('authenticate', [token])
      if (this.#connection !== connection) return
      this.#cancels.push(beforeExpiry(token, environment.clock, () => void this.#renewToken(connection)))
    } catch {
      environment.logger.warn('the token was not renewed', {})
      this.#wantsFreshToken = true
    }
  }

  /** The connection is gone, or never was one: what comes next is the server's word, or patience. */
  #lost(close: CloseInfo, isFinal: boolean): void {
    const { clock, random, logger, network } = this.#options.environment
    this.#lastClose = close
    this.#leave()
    const verdict = verdictOf(close, isFinal)
    logger.debug('disconnected', { code: close.code, reason: close.reason, retries: this.#retries })
    if (!verdict.retry) {
      this.#become('stopped')
      const why = close.status === undefined ? close.reason : close.status.code
      this.#requests.rejectAll(new ClientError('refused', `the server refuses: ${why}`, close.status))
      return
    }
    this.#wantsFreshToken ||= verdict.freshToken
    const wait = backoff(verdict, this.#retries, random())
    this.#retries += 1
    this.#retryAt = clock.now() + wait
    this.#cancels.push(clock.schedule(wait, () => this.#dialWhenOnline()))
    if (!network.isOnline()) logger.debug('offline', {})
    this.#become('disconnected')
  }

  #dialWhenOnline(): void {
    if (this.#options.environment.network.isOnline()) this.#dial()
    else this.#retryAt = undefined
  }

  #networkChanged(event: 'online' | 'offline' | 'visible'): void {
    if (this.#phase === 'disconnected' && event !== 'offline' && this.#connectionCount + this.#retries > 0)
      this.#dial()
    // It may have gone while nobody looked.
    else if (this.#phase === 'ready' && event !== 'offline') this.#silence?.check()
  }

  /** Ends the connection, its timers with it. */
  #leave(): void {
    this.#clear()
    const connection = this.#connection
    this.#connection = undefined
    this.#attempt += 1
    this.#requests.hold()
    connection?.close()
  }

  #clear(): void {
    for (const cancel of this.#cancels.splice(0)) cancel()
    this.#silence = undefined
    this.#retryAt = undefined
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
