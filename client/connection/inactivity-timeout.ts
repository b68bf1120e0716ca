import type { Connection } from './connection.ts'
import type { Cancel, Clock } from '../runtime/environment.ts'

/** Milliseconds a check of a connection that may have gone waits for the answer. */
const CHECK = 5000
/** Part of the patience after which the server is asked for a sign of life. */
const ASK_AT = 0.5

/** Notices a connection on which nothing comes any more, not even what was asked for. */
export class InactivityTimeout {
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #patience: number
  readonly #dead: () => void
  readonly #unsubscribe: Cancel
  #last: number
  #buffered = 0
  #cancel: Cancel
  #cancelCheck: Cancel = () => undefined

  constructor(options: {
    connection: Connection
    clock: Clock
    /** Milliseconds without a word after which the connection is dead, whatever it owes. */
    patience: number
    dead: () => void
  }) {
    this.#connection = options.connection
    this.#clock = options.clock
    this.#patience = options.patience
    this.#dead = options.dead
    this.#last = options.clock.monotonic()
    this.#unsubscribe = options.connection.onReceived(() => this.#heard())
    this.#cancel = this.#clock.schedule(this.#patience * ASK_AT, () => this.#look())
  }

  stop(): void {
    this.#cancel()
    this.#cancelCheck()
    this.#unsubscribe()
  }

  /** Asks for a sign of life, and does not wait for long. */
  check(): void {
    this.#cancelCheck()
    this.#ask()
    this.#cancelCheck = this.#clock.schedule(CHECK, this.#dead)
  }

  #heard(): void {
    this.#last = this.#clock.monotonic()
    this.#cancelCheck()
  }

  #look(): void {
    const { bufferedAmount } = this.#connection
    // What was sent is on its way.
    if (bufferedAmount < this.#buffered) this.#last = this.#clock.monotonic()
    this.#buffered = bufferedAmount
    const silent = this.#clock.monotonic() - this.#last
    if (silent >= this.#patience) {
      this.#dead()
      return
    }
    const hasAsked = silent >= this.#patience * ASK_AT
    if (hasAsked) this.#ask()
    const next = (hasAsked ? this.#patience : this.#patience * ASK_AT) - silent
    this.#cancel = this.#clock.schedule(Math.max(1, next), () => this.#look())
  }

  #ask(): void {
    this.#connection.request('ping').catch(() => undefined)
  }
}
