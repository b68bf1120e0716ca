import { StatusError } from '../../model/status.ts'
import type { Cancel, Clock } from '../runtime/environment.ts'

/** Milliseconds: a server that wants a longer wait says so again. */
const LONGEST = 60_000

/** A time in which no request is sent, because the server refused some by their rate. */
export class Rest {
  readonly #clock: Clock
  readonly #over: () => void
  #until = 0
  #cancel: Cancel | undefined

  /** @param over called when requests may be sent again */
  constructor(clock: Clock, over: () => void) {
    this.#clock = clock
    this.#over = over
  }

  get isOn(): boolean {
    return this.#cancel !== undefined
  }

  /** Rests for so many milliseconds from now, or longer. */
  atLeast(milliseconds: number): void {
    const until = this.#clock.monotonic() + milliseconds
    if (this.isOn && until <= this.#until) return
    this.#until = until
    this.#cancel?.()
    this.#cancel = this.#clock.schedule(milliseconds, () => {
      this.#cancel = undefined
      this.#over()
    })
  }

  /** Ends it, and calls nothing. */
  end(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}

/** Milliseconds after which the server takes a refused request; `undefined`: it was refused for another reason. */
export function retryAfterOf(error: unknown): number | undefined {
  if (!(error instanceof StatusError)) return undefined
  const { code, params } = error.status
  if (code !== 'platform:status:RateLimited' && code !== 'platform:status:Overloaded') return undefined
  const { retryAfter } = params as { retryAfter?: unknown }
  return typeof retryAfter === 'number' && retryAfter >= 0 ? Math.min(retryAfter, LONGEST) : undefined
}
