import type { Connection } from './connection.ts'
import type { Cancel, Clock } from '../runtime/environment.ts'

/** Milliseconds that `check` waits for a response to its ping. */
const CHECK_TIMEOUT = 5000
/** The fraction of the limit after which a ping is sent. */
const PING_AT = 0.5
/** The limit is extended to this multiple at most. */
const MOST_EXTENSION = 4

/** Detects a dead connection: not even a ping has a response. */
export class InactivityTimeout {
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #limit: number
  readonly #expired: () => void
  readonly #unsubscribe: Cancel
  #lastActivity: number
  #buffered = 0
  #cancel: Cancel
  #cancelCheck: Cancel = () => undefined

  constructor(options: {
    connection: Connection
    clock: Clock
    /** Milliseconds without a frame after which the connection is dead, whatever requests are open. */
    limit: number
    expired: () => void
  }) {
    this.#connection = options.connection
    this.#clock = options.clock
    this.#limit = options.limit
    this.#expired = options.expired
    this.#lastActivity = options.clock.monotonic()
    this.#unsubscribe = options.connection.onReceived(() => this.#received())
    this.#cancel = this.#clock.schedule(this.#limit * PING_AT, () => this.#poll())
  }

  stop(): void {
    this.#cancel()
    this.#cancelCheck()
    this.#unsubscribe()
  }

  /** Sends a ping, and expires soon if nothing is received. */
  check(): void {
    this.#cancelCheck()
    this.#ping()
    this.#cancelCheck = this.#clock.schedule(CHECK_TIMEOUT, this.#expired)
  }

  #received(): void {
    this.#lastActivity = this.#clock.monotonic()
    this.#cancelCheck()
  }

  #poll(): void {
    const { bufferedAmount } = this.#connection
    // A long upload is activity too, while the server has nothing to send.
    if (bufferedAmount < this.#buffered) this.#lastActivity = this.#clock.monotonic()
    this.#buffered = bufferedAmount
    const idle = this.#clock.monotonic() - this.#lastActivity
    if (idle >= this.#limit) {
      this.#expired()
      return
    }
    const pings = idle >= this.#limit * PING_AT
    if (pings) this.#ping()
    const next = (pings ? this.#limit : this.#limit * PING_AT) - idle
    this.#cancel = this.#clock.schedule(Math.max(1, next), () => this.#poll())
  }

  #ping(): void {
    this.#connection.request('ping').catch(() => undefined)
  }
}

/** The limit for the next connection: longer after a long response was cut off, as on a slow line. */
export class InactivityLimit {
  readonly #initial: number
  #factor = 1

  constructor(milliseconds: number) {
    this.#initial = milliseconds
  }

  get milliseconds(): number {
    return this.#initial * this.#factor
  }

  extend(): void {
    this.#factor = Math.min(MOST_EXTENSION, this.#factor * 2)
  }

  reset(): void {
    this.#factor = 1
  }
}
