import type { CatchUp } from '../../pipeline/reads/catch-up.ts'
import { PushFrames } from '../wire/push-frames.ts'

/** Transactions in one frame of a catch-up. */
const TXES_A_FRAME = 500

/** Holds the pushes of a session that resumes until what it missed was read from the log: each comes once, in order. */
export class ResumeBuffer {
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

  /** More came than the buffer holds. */
  get isTooMuch(): boolean {
    return this.#isTooMuch
  }

  /** The pushes after the position from which the client starts. */
  since(seq: number): PushFrames[] {
    return this.#held.filter((frames) => frames.seq === undefined || frames.seq > seq)
  }
}

/**
 * The frames of what a client missed, made one at a time. The last one leads to the end of the catch-up, even when there
 * is nothing in it.
 */
export function* missedFrames({ pushes, seq }: CatchUp): Generator<PushFrames> {
  for (let at = 0; at === 0 || at < pushes.length; at += TXES_A_FRAME) {
    const part = pushes.slice(at, at + TXES_A_FRAME)
    const isLast = at + TXES_A_FRAME >= pushes.length
    yield new PushFrames(
      part.map(({ tx }) => tx),
      isLast ? seq : part.at(-1)?.seq,
      part.map((push) => push.seq),
    )
  }
}
