import type { CatchUp } from '../../pipeline/reads/catch-up.ts'
import { PushFrames } from '../wire/push-frames.ts'

/** Transactions in one frame of what was missed. */
const TXES_A_FRAME = 500

/**
 * A session that takes up where it was: pushes are held until what it missed has been read from the log, so that
 * each comes once and in order.
 */
export class Resumption {
  readonly #limit: number
  #held: PushFrames[] = []
  #isTooMuch = false

  /** @param limit pushes that may be held */
  constructor(limit: number) {
    this.#limit = limit
  }

  hold(frames: PushFrames): void {
    if (this.#held.length < this.#limit) this.#held.push(frames)
    else this.#isTooMuch = true
  }

  /** What is to be sent now; `undefined` when it isn't all of it. */
  frames(missed: CatchUp): PushFrames[] | undefined {
    if (this.#isTooMuch) return undefined
    const held = this.#held.filter(({ seq }) => seq === undefined || seq > missed.seq)
    return [...framesOf(missed), ...held]
  }

  /** What came since the place the client is told to start from. */
  since(seq: number): PushFrames[] {
    return this.#held.filter((frames) => frames.seq === undefined || frames.seq > seq)
  }
}

/** The last one leads to the end, even when there is nothing in it. */
function framesOf({ pushes, seq }: CatchUp): PushFrames[] {
  const frames: PushFrames[] = []
  for (let at = 0; at === 0 || at < pushes.length; at += TXES_A_FRAME) {
    const part = pushes.slice(at, at + TXES_A_FRAME)
    const isLast = at + TXES_A_FRAME >= pushes.length
    frames.push(
      new PushFrames(
        part.map(({ tx }) => tx),
        isLast ? seq : part.at(-1)?.seq,
        part.map((push) => push.seq),
      ),
    )
  }
  return frames
}
