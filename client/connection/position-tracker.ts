import type { LogPosition } from '../../protocol/messages.ts'

/** A push is either new, one that was received before, or one that follows pushes that were not received. */
export type Arrival = 'new' | 'duplicate' | 'gap'

/** The client's position in the log of its workspace. */
export class PositionTracker {
  #current: LogPosition | undefined
  #gapAt: number | undefined

  /** The position to resume from on the next connection; `undefined`: everything has to be loaded. */
  get current(): LogPosition | undefined {
    return this.#current
  }

  /** Everything is about to be loaded as of this position; `undefined` for a server without a log. */
  start(epoch: string | undefined, seq: number | undefined): void {
    this.#current = epoch === undefined || seq === undefined ? undefined : { epoch, seq }
    this.#gapAt = undefined
  }

  /**
   * Classifies a push that leads to `seq`, and moves on when it is new. `after`, where the server sends it, has to be the
   * current position; otherwise there is a gap. A second gap at the same position means that resuming does not close it:
   * the position is dropped, and the next connection loads everything.
   */
  advance(seq: number | undefined, after: number | undefined): Arrival {
    const current = this.#current
    if (seq === undefined || current === undefined) return 'new'
    if (seq <= current.seq) return 'duplicate'
    if (after !== undefined && after !== current.seq) {
      if (this.#gapAt === current.seq) this.#current = undefined
      this.#gapAt = current.seq
      return 'gap'
    }
    this.#current = { ...current, seq }
    return 'new'
  }
}
