import type { LogPosition } from '../../protocol/messages.ts'

/** What to do about a push: take it in, leave it out as it is known, or ask for what is missing before it. */
export type Arrival = 'new' | 'known' | 'gap'

/** Where a client is in the log of its workspace. */
export class Position {
  #place: LogPosition | undefined
  #gapAt: number | undefined

  /** To go on from on the next connection. */
  get place(): LogPosition | undefined {
    return this.#place
  }

  /** Everything is about to be asked for as of here; `undefined`: nothing is known of the log. */
  start(epoch: string | undefined, seq: number | undefined): void {
    this.#place = epoch === undefined || seq === undefined ? undefined : { epoch, seq }
    this.#gapAt = undefined
  }

  /**
   * A push that leads to `seq`. Where the server says which place it follows, that has to be this one. A gap that the log
   * does not close is no use to go on from: everything is asked for again.
   */
  arrive(seq: number | undefined, after: number | undefined): Arrival {
    const place = this.#place
    if (seq === undefined || place === undefined) return 'new'
    if (seq <= place.seq) return 'known'
    if (after !== undefined && after !== place.seq) {
      if (this.#gapAt === place.seq) this.#place = undefined
      this.#gapAt = place.seq
      return 'gap'
    }
    this.#place = { ...place, seq }
    return 'new'
  }
}
