import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'
import type { Socket } from '../wire/socket.ts'

/** Pings that may go unanswered. */
const MAX_MISSED = 2
/** Times as long as others a peer is waited for that has not taken all that was sent to it: a slow line carries it. */
const SLOW_LINE = 5

/** What ends a wait for a sign of life. */
type Sign = 'alive' | 'over' | 'read again' | 'none'

/** Which signs of life a session has had from its peer, and whether the server could have seen any. */
export class Liveness {
  /** Requests came in since the last ping of the server. */
  active = false
  readonly #socket: Pick<Socket, 'buffered'>
  readonly #waiting = new Set<(sign: Sign) => void>()
  /** Pings of the server since the last sign of life. */
  #missed = 0
  #isRead = true

  constructor(socket: Pick<Socket, 'buffered'>) {
    this.#socket = socket
  }

  /**
   * Whether there is a sign of life within so many milliseconds, of which those do not count in which the server does
   * not read. The caller pings the peer.
   */
  async within(milliseconds: number, wheel: TimerWheel): Promise<boolean> {
    for (let left = SLOW_LINE; ;) {
      const sign = await this.#next(milliseconds, wheel)
      if (sign === 'alive' || sign === 'over') return sign === 'alive'
      if (sign === 'read again') continue
      if (this.#isUnheard) return true
      left -= 1
      if (left === 0 || this.#socket.buffered === 0) return false
    }
  }

  /** A ping is due. `false`: the peer is dead, as too many went unanswered. */
  beat(): boolean {
    if (this.#isUnheard) return true
    if (this.#missed >= MAX_MISSED) return false
    this.#missed += 1
    return true
  }

  ponged(): void {
    this.#heard()
  }

  /** It takes what is sent to it, though its pong may wait behind all that it reads. */
  took(): void {
    this.#heard()
  }

  spoke(): void {
    this.active = true
    this.#heard()
  }

  /** The server reads its socket, or does not as too much waits for an answer. */
  reads(isRead: boolean): void {
    this.#isRead = isRead
    if (isRead) this.#answer('read again')
  }

  /** Nothing will come any more. */
  over(): void {
    this.#answer('over')
  }

  /** It has taken all that it was sent, and the server does not read what it says: there is nothing to tell it by. */
  get #isUnheard(): boolean {
    return !this.#isRead && this.#socket.buffered === 0
  }

  async #next(milliseconds: number, wheel: TimerWheel): Promise<Sign> {
    let settle: (sign: Sign) => void = () => undefined
    let cancel: Cancel = () => undefined
    const sign = await new Promise<Sign>((resolve) => {
      settle = resolve
      this.#waiting.add(resolve)
      cancel = wheel.schedule(milliseconds, () => resolve('none'))
    })
    cancel()
    this.#waiting.delete(settle)
    return sign
  }

  #heard(): void {
    this.#missed = 0
    this.#answer('alive')
  }

  #answer(sign: Sign): void {
    for (const resolve of this.#waiting) resolve(sign)
  }
}
