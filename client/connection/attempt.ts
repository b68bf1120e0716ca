import type { HelloResponse, Response } from '../../protocol/messages.ts'
import { Connection } from './connection.ts'
import type { PushListener } from './connection-options.ts'
import type { Cancel } from '../runtime/environment.ts'
import { messageOf } from '../../model/error-details.ts'
import { SESSION_TAKEN } from './backoff.ts'
import type { CloseInfo } from './connection-state.ts'
import type { ReconnectingOptions } from './reconnecting-options.ts'
import type { AttemptParameters } from './resumption.ts'

/**
 * The fraction of the dial timeout within which the socket has to open. TCP repeats lost packets at growing intervals: a
 * new attempt finds a network that is back sooner than an old one.
 */
const OPEN_WITHIN = 0.5

export interface AttemptOptions extends AttemptParameters {
  connection: ReconnectingOptions
}

/** The events of an attempt. None is called after `leave` or `ended`. */
export interface AttemptEvents {
  ready: (connection: Connection, hello: HelloResponse, token: string) => void
  pushed: PushListener
  signalled: (signal: Response) => void
  /** @param isFinal the server's signal forbids a retry */
  ended: (close: CloseInfo, isFinal: boolean) => void
}

/** One attempt to connect, and the connection it leads to, up to its end. */
export class Attempt {
  /** Milliseconds of the monotonic clock. */
  readonly startedAt: number
  readonly #options: AttemptOptions
  readonly #events: AttemptEvents
  readonly #cancelDialing: Cancel
  #cancelOpening: Cancel = () => undefined
  #connection: Connection | undefined
  #stage: 'dialing' | 'open' | 'ready' | 'over' = 'dialing'
  #isFinal = false

  constructor(options: AttemptOptions, events: AttemptEvents) {
    this.#options = options
    this.#events = events
    const { dialTimeout, environment } = options.connection
    this.startedAt = environment.clock.monotonic()
    this.#cancelDialing = this.#endAfter(dialTimeout, 'no hello')
    void this.#dial()
  }

  /** The socket is open: a server has accepted it. */
  get isOpen(): boolean {
    return this.#stage === 'open' || this.#stage === 'ready'
  }

  get #isOver(): boolean {
    return this.#stage === 'over'
  }

  /** Closes the connection; no event follows. Idempotent. */
  leave(): void {
    this.#stage = 'over'
    this.#cancelDialing()
    this.#cancelOpening()
    this.#connection?.close()
  }

  #endAfter(milliseconds: number, what: string): Cancel {
    const { clock } = this.#options.connection.environment
    return clock.schedule(milliseconds, () => this.#end(0, `${what} within ${milliseconds} ms`))
  }

  async #dial(): Promise<void> {
    const { connection, isFresh } = this.#options
    let token: unknown
    // The owner has to know this attempt before `getToken`, which may end the client, is called.
    await Promise.resolve()
    if (this.#isOver) return
    try {
      token = await connection.getToken({ isFresh })
    } catch {
      // The error may contain a secret.
      return this.#end(0, 'getToken failed')
    }
    if (this.#isOver) return
    if (typeof token !== 'string') return this.#end(0, 'getToken returned no string')
    try {
      this.#cancelOpening = this.#endAfter(connection.dialTimeout * OPEN_WITHIN, 'no open socket')
      this.#connection = this.#open(token)
    } catch (error) {
      // Browsers quote an invalid subprotocol, which has the token in it.
      this.#end(0, messageOf(error).replaceAll(token, '…'))
    }
  }

  #open(token: string): Connection {
    const { connection: given, resume, sessionId } = this.#options
    const { url, binary, compression, broadcast, environment } = given
    const { dial, report } = environment
    const connection: Connection = new Connection({
      url,
      token,
      dial,
      sessionId,
      binary,
      compression,
      broadcast,
      resume,
      protocol: 2,
      onError: report,
      onOpen: () => {
        if (this.#stage === 'dialing') this.#stage = 'open'
        this.#cancelOpening()
      },
      // In time for a push that is in the same packet.
      onHello: (hello) => this.#helloReceived(connection, hello, token),
    })
    connection.onSignal((signal) => {
      this.#isFinal ||= signal.terminate === true
      if (!this.#isOver) this.#events.signalled(signal)
    })
    connection.onPush((...push) => {
      // Those before hello follow protocol 1.
      if (this.#stage === 'ready') this.#events.pushed(...push)
    })
    void connection.closed.then(({ code, reason }) => this.#end(code, reason))
    return connection
  }

  #helloReceived(connection: Connection, hello: HelloResponse, token: string): void {
    if (this.#isOver || this.#stage === 'ready') return
    if (hello.alreadyConnected === true)
      return this.#end(SESSION_TAKEN, 'another connection has the session id')
    this.#stage = 'ready'
    this.#cancelDialing()
    this.#events.ready(connection, hello, token)
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return
    this.leave()
    this.#events.ended({ code, reason, status: this.#connection?.refusal?.status }, this.#isFinal)
  }
}
