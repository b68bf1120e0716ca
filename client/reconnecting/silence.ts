import type { Connection } from '../connection.ts'
import type { Cancel, Clock } from '../environment.ts'

/** Milliseconds a check of a connection that may have gone waits for the answer. */
const CHECK = 5000
/** Part of the patience after which the server is asked for a sign of life. */
const ASK_AT = 0.5
/** A long answer comes in parts, and each may take long on a slow line. */
const PATIENCE_WHILE_WAITING = 2

/** Notices a connection on which nothing comes any more, not even what was asked for. */
export class Silence {
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #inactivity: number
  readonly #isWaiting: () => boolean
  readonly #dead: () => void
  readonly #unsubscribe: Cancel
  #last: number
  #buffered = 0
  #cancel: Cancel
  #cancelCheck: Cancel = () => undefined

  constructor(options: {
    connection: Connection
    clock: Clock
    inactivity: number
    /** Whether there are requests without an answer. */
    isWaiting: () => boolean
    dead: () => void
  }) {
    this.#connection = options.connection
    this.#clock = options.clock
    this.#inactivity = options.inactivity
    this.#isWaiting = options.isWaiting
    this.#dead = options.dead
    this.#last = options.clock.monotonic()
    this.#unsubscribe = options.connection.onReceived(() => this.#heard())
    this.#cancel = this.#clock.schedule(this.#inactivity * ASK_AT, () => this.#look())
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
    const patience = this.#inactivity * (this.#isWaiting() ? PATIENCE_WHILE_WAITING : 1)
    if (silent >= patience) {
      this.#dead()
      return
    }
    if (silent >= this.#inactivity * ASK_AT) this.#ask()
    const next = silent >= this.#inactivity * ASK_AT ? patience - silent : this.#inactivity * ASK_AT - silent
    this.#cancel = this.#clock.schedule(Math.max(1, next), () => this.#look())
  }

  #ask(): void {
    this.#connection.request('ping').catch(() => undefined)
  }
}
