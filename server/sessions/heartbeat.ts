import { closeCodes } from '../../protocol/close-codes.ts'
import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'
import type { Session } from './session.ts'

/** Pings the peer of an open session, and closes the session when the peer is dead or its token has expired. */
export class Heartbeat {
  readonly #session: Session
  readonly #wheel: TimerWheel
  readonly #now: () => number
  #cancelBeat: Cancel
  #cancelExpiry: Cancel = () => undefined

  /** @param interval milliseconds between pings */
  constructor(session: Session, options: { wheel: TimerWheel; now: () => number; interval: number }) {
    this.#session = session
    this.#wheel = options.wheel
    this.#now = options.now
    this.#cancelBeat = options.wheel.every(options.interval, () => this.#beat())
    this.tokenRenewed()
  }

  /** The session has another token, with another expiry. */
  tokenRenewed(): void {
    this.#cancelExpiry()
    const { expiresAt } = this.#session.token
    if (expiresAt === undefined) return
    this.#cancelExpiry = this.#wheel.schedule(Math.max(0, expiresAt - this.#now()), () => {
      this.#session.close(closeCodes.tokenExpired)
    })
  }

  stop(): void {
    this.#cancelBeat()
    this.#cancelExpiry()
  }

  #beat(): void {
    const { liveness } = this.#session
    if (!liveness.beat()) {
      this.#session.terminate()
      return
    }
    // A peer that has just sent a request is alive.
    this.#session.ping(!liveness.active)
    liveness.active = false
  }
}
