import type { HelloResponse, Response } from '../../protocol/messages.ts'
import type { Cancel, Environment } from '../runtime/environment.ts'
import { ClientError, terminated } from '../runtime/errors.ts'
import type { Deadline } from '../runtime/deadline.ts'
import { Attempt } from './attempt.ts'
import { Backoff, needsNewSessionId, reconnectDecision, type Retry } from './backoff.ts'
import type { Connection } from './connection.ts'
import type { PushListener } from './connection-options.ts'
import type { CloseInfo, ConnectionState } from './connection-state.ts'
import { ConnectionWatch } from './connection-watch.ts'
import { InactivityLimit } from './inactivity-timeout.ts'
import type { StreamReceiver } from './outstanding.ts'
import type { ReconnectingListener, ReconnectingOptions } from './reconnecting-options.ts'
import { assertTransition, leave, phaseOf, type State } from './reconnecting-state.ts'
import type { RequestOptions } from './request-options.ts'
import { Requests } from './requests.ts'
import { Resumption } from './resumption.ts'

/** Milliseconds between polls while there is no network, in case no event announces that it is back. */
const NETWORK_POLL = 4000
const MESSAGE_TOO_BIG = 1009

/** A connection that is dialed again whenever it is lost. See `State` for its states and transitions. */
export class ReconnectingConnection {
  readonly #options: ReconnectingOptions
  readonly #environment: Environment
  readonly #listener: ReconnectingListener
  readonly #requests: Requests
  readonly #resumption: Resumption
  readonly #inactivity: InactivityLimit
  readonly #backoff = new Backoff()
  readonly #unsubscribe: Cancel
  #state: State = { name: 'idle' }
  #connectionCount = 0
  #lastClose: CloseInfo | undefined

  constructor(options: ReconnectingOptions, listener: ReconnectingListener) {
    this.#options = options
    this.#environment = options.environment
    this.#listener = listener
    this.#resumption = new Resumption(options.sessionId)
    this.#inactivity = new InactivityLimit(options.inactivity)
    const { clock, network, report } = options.environment
    this.#requests = new Requests({
      clock,
      report,
      limit: options.maxOutstanding,
      changed: () => this.#notify(),
      caughtUp: () => this.#caughtUp(),
      large: listener.largeMessage,
    })
    this.#unsubscribe = network.subscribe((event) => this.#networkChanged(event))
  }

  /** Dials, unless it was started or stopped before. */
  start(): void {
    if (this.#state.name === 'idle') this.#dialWhenOnline()
  }

  /** The server's hello, while the connection is ready. */
  get hello(): HelloResponse | undefined {
    return this.#state.name === 'ready' ? this.#state.hello : undefined
  }

  get state(): ConnectionState {
    return {
      phase: phaseOf(this.#state),
      paused: this.#requests.isPaused,
      unanswered: this.#requests.size,
      oldestRequest: this.#requests.oldest,
      connectionCount: this.#connectionCount,
      retries: this.#backoff.retries,
      retryAt: this.#state.name === 'waiting' ? this.#state.retryAt : undefined,
      lastClose: this.#lastClose,
    }
  }

  /**
   * @param deadline of the call that this request is a step of
   * @param stream receives the values of a stream
   * @throws StatusError the error that the server returns; ClientError when there will be no response
   */
  request(
    method: string,
    params: readonly unknown[],
    options?: RequestOptions,
    deadline?: Deadline,
    stream?: StreamReceiver,
  ): Promise<Response> {
    const state = this.#state
    if (state.name === 'terminated') return Promise.reject(terminated())
    if (state.name === 'stopped' && state.refusal !== undefined) return Promise.reject(state.refusal)
    return this.#requests.add(method, params, options, deadline, stream)
  }

  /** Sends a frame that has no response, if the connection is ready. */
  send(method: string): void {
    if (this.#state.name === 'ready') this.#state.connection.send(method)
  }

  /** Holds requests back until `resume`. */
  pause(): void {
    if (this.#requests.pause()) this.#notify()
  }

  resume(): void {
    if (this.#requests.resume()) this.#notify()
  }

  /** Closes the connection until `restart`; requests wait. */
  stop(): void {
    if (this.#state.name === 'terminated' || this.#state.name === 'stopped') return
    this.#become({ name: 'stopped', refusal: undefined })
  }

  restart(): void {
    if (this.#state.name !== 'stopped') return
    this.#backoff.reset()
    this.#dialWhenOnline()
  }

  /** Closes the connection for good, and rejects requests without a response. Idempotent. */
  terminate(): void {
    if (this.#state.name === 'terminated') return
    this.#unsubscribe()
    this.#become({ name: 'terminated' })
    this.#requests.rejectAll(terminated())
  }

  /** Drops the connection, and dials again after a wait. */
  reconnect(reason: string): void {
    this.#lost({ code: 0, reason }, false)
  }

  #dialWhenOnline(): void {
    if (this.#environment.network.isOnline()) this.#dial()
    else this.#goOffline()
  }

  #dial(): void {
    const attempt: Attempt = new Attempt(
      { connection: this.#options, ...this.#resumption.parameters },
      {
        ready: (...parts) => this.#ready(attempt, ...parts),
        pushed: (...push) => this.#pushed(...push),
        signalled: (signal) => this.#listener.signalled(signal),
        ended: (...end) => this.#lost(...end),
      },
    )
    this.#become({ name: 'connecting', attempt })
  }

  #ready(attempt: Attempt, connection: Connection, hello: HelloResponse, token: string): void {
    const resumed = this.#resumption.connected(hello)
    this.#connectionCount += 1
    this.#environment.logger.debug('connected', { connections: this.#connectionCount, resumed })
    const ready: State = { name: 'ready', attempt, connection, hello, watch: this.#watch(connection, token) }
    this.#become(ready)
    // A listener may have stopped it, and so may those below.
    if (this.#state !== ready) return
    if (resumed) this.#listener.resumed(hello)
    else this.#listener.reload()
    if (this.#state === ready) this.#requests.use(connection)
  }

  #watch(connection: Connection, token: string): ConnectionWatch {
    const { milliseconds } = this.#inactivity
    return new ConnectionWatch({
      connection,
      token,
      getToken: this.#options.getToken,
      environment: this.#environment,
      inactivity: milliseconds,
      inactive: () => this.#becameInactive(milliseconds),
      renewalFailed: () => this.#resumption.discardToken(),
    })
  }

  /** On a slow line the next part of a long response may take longer than the limit: the next connection gets more time. */
  #becameInactive(milliseconds: number): void {
    if (this.#requests.isReading) this.#inactivity.extend()
    this.#lost({ code: 0, reason: `silent for ${milliseconds} ms` }, false)
  }

  /** Not earlier: a server that crashes whenever it gets these requests would get them at an ever higher rate. */
  #caughtUp(): void {
    this.#inactivity.reset()
    this.#backoff.reset()
  }

  #pushed(...[txes, seq, seqs, after]: Parameters<PushListener>): void {
    const arrival = this.#resumption.position.advance(seq, after)
    if (arrival === 'new') this.#listener.pushed(txes, seq, seqs, after)
    else if (arrival === 'gap') this.reconnect('something is missing before what was pushed')
  }

  /** The attempt or connection has ended. */
  #lost(close: CloseInfo, isFinal: boolean): void {
    const { code, reason } = close
    const lost = this.#state
    if (lost.name !== 'connecting' && lost.name !== 'ready') return
    this.#lastClose = close
    this.#environment.logger.debug('disconnected', { code, reason, retries: this.#backoff.retries })
    if (needsNewSessionId(code)) this.#resumption.renewSessionId()
    const decision = reconnectDecision(close, isFinal)
    if (!decision.retry) return this.#refuse(close)
    if (decision.freshToken) this.#resumption.discardToken()
    if (this.#environment.network.isOnline()) this.#wait(this.#delay(decision, lost))
    else this.#goOffline()
    if (code === MESSAGE_TOO_BIG && lost.name === 'ready') this.#requests.refuseLargest(lost.connection)
  }

  /** Milliseconds until the next attempt. */
  #delay(decision: Retry, { name, attempt }: State & { attempt: Attempt }): number {
    const { random, clock } = this.#environment
    // Without a response the wait counts from attempt to attempt.
    const isUnanswered = decision.cause === 'network' && name !== 'ready'
    const elapsed = isUnanswered ? clock.monotonic() - attempt.startedAt : 0
    return this.#backoff.next(decision, random(), elapsed)
  }

  #wait(milliseconds: number): void {
    const { clock } = this.#environment
    const cancelWait = clock.schedule(milliseconds, () => this.#dialWhenOnline())
    this.#become({ name: 'waiting', retryAt: clock.now() + milliseconds, cancelWait })
  }

  #goOffline(): void {
    this.#backoff.reset()
    const cancelWait = this.#environment.clock.schedule(NETWORK_POLL, () => this.#dialWhenOnline())
    this.#become({ name: 'offline', cancelWait })
  }

  #refuse({ reason, status }: CloseInfo): void {
    const refusal = new ClientError('refused', `the server refuses: ${status?.code ?? reason}`, status)
    const stopped: State = { name: 'stopped', refusal }
    this.#become(stopped)
    // A listener may have restarted it, here and while the requests are rejected.
    if (this.#state !== stopped) return
    this.#requests.rejectAll(refusal)
    if (this.#state === stopped) this.#listener.refused(refusal)
  }

  #networkChanged(event: 'online' | 'offline' | 'visible'): void {
    const state = this.#state
    switch (state.name) {
      case 'waiting':
      case 'offline':
        this.#backoff.reset()
        return this.#dialWhenOnline()
      case 'connecting':
        if (event === 'offline') return this.reconnect('the network is gone')
        // The dialing began without a network: the socket may take long to notice that it is back.
        if (event === 'online' && !state.attempt.isOpen) this.#dialWhenOnline()
        return
      case 'ready':
        if (event === 'offline') this.reconnect('the network is gone')
        else state.watch.check()
    }
  }

  /** The only place that changes the state. Notifies when the phase changes. */
  #become(next: State): void {
    const former = this.#state
    assertTransition(former, next)
    this.#state = next
    if (former.name === 'ready') this.#requests.hold()
    leave(former, next)
    if (phaseOf(former) !== phaseOf(next)) this.#notify()
  }

  #notify(): void {
    this.#listener.stateChanged(this.state)
  }
}
