import type { Logger } from '../../pipeline/shared/logger.ts'
import type { Request } from '../../protocol/messages.ts'
import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'

/** Milliseconds after which a request is logged. */
const SLOW = 30_000
const INTERVAL = 5000

interface Watched {
  session: string
  method: string
  since: number
}

/** Logs each slow request once. The oldest request is first, so a check costs nothing. */
export class SlowRequestLog {
  readonly #running = new Set<Watched>()
  readonly #logger: Logger
  readonly #monotonic: () => number
  readonly #cancel: Cancel

  constructor(options: { logger: Logger; wheel: TimerWheel; monotonic: () => number }) {
    this.#logger = options.logger
    this.#monotonic = options.monotonic
    this.#cancel = options.wheel.every(INTERVAL, () => this.#report())
  }

  /** Returns a function to call when the request has ended. */
  started({ id }: { id: string }, { method }: Request): () => void {
    const watched = { session: id, method, since: this.#monotonic() }
    this.#running.add(watched)
    return () => this.#running.delete(watched)
  }

  stop(): void {
    this.#cancel()
  }

  #report(): void {
    const now = this.#monotonic()
    for (const watched of this.#running) {
      if (now - watched.since < SLOW) return
      this.#running.delete(watched)
      const { session, method, since } = watched
      this.#logger.warn({ session, method, milliseconds: now - since }, 'a request takes long')
    }
  }
}
