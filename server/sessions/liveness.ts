import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'
import type { Socket } from '../wire/socket.ts'

/** Pings that may stay without a pong. */
const MAX_MISSED = 2
/** The factor by which a peer that has not received everything has longer to respond: its line may be slow. */
const SLOW_LINE = 5

/** What ends a wait for a sign of life. */
type Sign = 'alive' | 'over' | 'read again' | 'none'

/** The signs of life of a session's peer, and whether the server could have received any. */
export class Liveness {
  /** Whether a request arrived since the last ping. */
  active = false
  readonly #socket: Pick<Socket, 'buffered'>
  readonly #waiting = new Set<(sign: Sign) => void>()
  /** Pings since the last sign of life. */
  #missed = 0
  #isRead = true

  constructor(socket: Pick<Socket, 'buffered'>) {
    this.#socket = socket
  }

  /**
   * Whether there is a sign of life within the time, in milliseconds. Time in which the server does not read the socket
   * does not count. The caller pings the peer.
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

  /** A ping is due. @returns `false`: the peer is dead, as too many pings had no pong */
  beat(): boolean {
    if (this.#isUnheard) return true
    if (this.#missed >= MAX_MISSED) return false
    this.#missed += 1
    return true
  }

  ponged(): void {
    this.#heard()
  }

  /** The peer receives bytes; its pong may be behind everything that it still has to read. */
  took(): void {
    this.#heard()
  }

  spoke(): void {
    this.active = true
    this.#heard()
  }

  /** The server reads the socket, or not, while too many requests wait. */
  reads(isRead: boolean): void {
    this.#isRead = isRead
    if (isRead) this.#answer('read again')
  }

  /** The session is over: there will be no sign of life. */
  over(): void {
    this.#answer('over')
  }

  /** The peer has received everything and the server does not read it, so there can be no sign of life. */
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
