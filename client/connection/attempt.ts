import type { HelloResponse, LogPosition, Response } from '../../protocol/messages.ts'
import { Connection } from './connection.ts'
import type { PushListener } from './connection-options.ts'
import type { Cancel } from '../runtime/environment.ts'
import { SESSION_TAKEN } from './backoff.ts'
import type { CloseInfo } from './connection-state.ts'
import type { ReconnectingOptions } from './reconnecting-options.ts'

/**
 * Part of the time for an attempt in which the socket has to open. Packets that went nowhere are sent again ever more
 * rarely: begun anew, they soon find a network that is back.
 */
const OPEN_WITHIN = 0.5

export interface AttemptOptions {
  connection: ReconnectingOptions
  sessionId: string
  isFresh: boolean
  /** The place in the log to go on from. */
  resume: LogPosition | undefined
}

/** What comes of it. Nothing is called any more once it was left, or after `ended`. */
export interface AttemptEvents {
  ready: (connection: Connection, hello: HelloResponse, token: string) => void
  pushed: PushListener
  signalled: (signal: Response) => void
  /** @param isFinal the server said that there is no use in trying again */
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
  #isOpen = false
  #isReady = false
  #isFinal = false
  #isOver = false

  constructor(options: AttemptOptions, events: AttemptEvents) {
    this.#options = options
    this.#events = events
    const { dialTimeout, environment } = options.connection
    this.startedAt = environment.clock.monotonic()
    this.#cancelDialing = this.#endAfter(dialTimeout, 'no hello')
    void this.#dial()
  }

  /** There is a server that has taken the connection. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  get connection(): Connection | undefined {
    return this.#connection
  }

  /** Nothing comes of it any more. Idempotent. */
  leave(): void {
    this.#isOver = true
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
    // Whoever began it knows of it by then: an application may end its client when it is asked for a token.
    await Promise.resolve()
    if (this.#isOver) return
    try {
      token = await connection.getToken({ isFresh })
    } catch {
      // Whatever it threw may hold a secret.
      return this.#end(0, 'getToken failed')
    }
    if (this.#isOver) return
    if (typeof token !== 'string') return this.#end(0, 'getToken answered with what is no string')
    try {
      this.#cancelOpening = this.#endAfter(connection.dialTimeout * OPEN_WITHIN, 'no open socket')
      this.#connection = this.#open(token)
    } catch (error) {
      // Browsers quote what they do not take, a token too.
      this.#end(0, (error as Error).message.replaceAll(token, '…'))
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
        this.#isOpen = true
        this.#cancelOpening()
      },
      // What was missed may be in the same packet: it must not come before this is known.
      onHello: (hello) => this.#helloed(connection, hello, token),
    })
    connection.onSignal((signal) => {
      this.#isFinal ||= signal.terminate === true
      if (!this.#isOver) this.#events.signalled(signal)
    })
    connection.onPush((...push) => {
      // Before hello they are those of protocol 1.
      if (this.#isReady && !this.#isOver) this.#events.pushed(...push)
    })
    void connection.closed.then(({ code, reason }) => this.#end(code, reason))
    return connection
  }

  #helloed(connection: Connection, hello: HelloResponse, token: string): void {
    if (this.#isOver || this.#isReady) return
    if (hello.alreadyConnected === true)
      return this.#end(SESSION_TAKEN, 'another connection has the session id')
    this.#isReady = true
    this.#cancelDialing()
    this.#events.ready(connection, hello, token)
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return
    this.leave()
    this.#events.ended({ code, reason, status: this.#connection?.refusal?.status }, this.#isFinal)
  }
}
