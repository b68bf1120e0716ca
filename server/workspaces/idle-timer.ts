import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'

/** Runs from the moment the last user of a workspace has left. */
export class IdleTimer {
  readonly #wheel: TimerWheel
  readonly #timeout: number
  readonly #expired: () => void
  #cancel: Cancel | undefined

  /** @param timeout milliseconds */
  constructor(wheel: TimerWheel, timeout: number, expired: () => void) {
    this.#wheel = wheel
    this.#timeout = timeout
    this.#expired = expired
  }

  get isRunning(): boolean {
    return this.#cancel !== undefined
  }

  /** Without effect while it runs. */
  start(): void {
    this.#cancel ??= this.#wheel.schedule(this.#timeout, () => {
      this.#cancel = undefined
      this.#expired()
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
