import type { Cancel, TimerWheel } from '../timer-wheel.ts'

/** Which signs of life a session has had from its peer. */
export class Liveness {
  /** Pings of the server since the last pong. */
  missedPongs = 0
  /** Requests came in since the last ping of the server. */
  active = false
  readonly #waiting = new Set<(isAlive: boolean) => void>()

  /** Whether anything is heard of the peer within so many milliseconds. The caller pings it. */
  async within(milliseconds: number, wheel: TimerWheel): Promise<boolean> {
    let settle: (isAlive: boolean) => void = () => undefined
    let cancel: Cancel = () => undefined
    const heard = await new Promise<boolean>((resolve) => {
      settle = resolve
      this.#waiting.add(resolve)
      cancel = wheel.schedule(milliseconds, () => resolve(false))
    })
    cancel()
    this.#waiting.delete(settle)
    return heard
  }

  ponged(): void {
    this.missedPongs = 0
    this.#answer(true)
  }

  /** It takes what is sent to it, though its pong may wait behind all that it reads. */
  reads(): void {
    this.missedPongs = 0
  }

  spoke(): void {
    this.active = true
    this.#answer(true)
  }

  /** Nothing will come any more. */
  over(): void {
    this.#answer(false)
  }

  #answer(isAlive: boolean): void {
    for (const resolve of this.#waiting) resolve(isAlive)
  }
}
