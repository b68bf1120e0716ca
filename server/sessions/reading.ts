import type { Cancel } from '../time/timer-wheel.ts'

type Reason = 'queue' | 'turn' | 'rate'

export interface ReadingOptions {
  /** Reads the socket, or stops reading it. */
  read: (isRead: boolean) => void
  schedule: (milliseconds: number, task: () => void) => Cancel
}

/** Whether a socket is read: while requests or messages of its session wait, or it is over its rate, it is not. */
export class Reading {
  readonly #options: ReadingOptions
  readonly #reasons = new Set<Reason>()
  #cancel: Cancel = () => undefined

  constructor(options: ReadingOptions) {
    this.#options = options
  }

  stop(reason: Reason): void {
    this.#reasons.add(reason)
    if (this.#reasons.size === 1) this.#options.read(false)
  }

  go(reason: Reason): void {
    if (this.#reasons.delete(reason) && this.#reasons.size === 0) this.#options.read(true)
  }

  /** Does not read for so many milliseconds. */
  rest(milliseconds: number): void {
    this.#cancel()
    this.stop('rate')
    this.#cancel = this.#options.schedule(milliseconds, () => this.go('rate'))
  }

  /** The session is over: its closing handshake is read. */
  over(): void {
    this.#cancel()
    this.go('rate')
  }
}
