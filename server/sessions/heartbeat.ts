import { closeCodes } from '../../protocol/close-codes.ts'
import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'
import type { Session } from './session.ts'

/** Watches over an open session: whether its peer is alive, and whether its token is still good. */
export class Vigil {
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
    this.tokenChanged()
  }

  /** The session has another token, with an expiry of its own. */
  tokenChanged(): void {
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
    // One that just spoke is alive.
    this.#session.ping(!liveness.active)
    liveness.active = false
  }
}
