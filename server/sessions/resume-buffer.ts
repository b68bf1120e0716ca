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

  /** The frames to send now. `undefined`: more came than the buffer holds. */
  frames(missed: CatchUp): PushFrames[] | undefined {
    if (this.#isTooMuch) return undefined
    const held = this.#held.filter(({ seq }) => seq === undefined || seq > missed.seq)
    return [...framesOf(missed), ...held]
  }

  /** The pushes after the position from which the client starts. */
  since(seq: number): PushFrames[] {
    return this.#held.filter((frames) => frames.seq === undefined || frames.seq > seq)
  }
}

/** The last frame leads to the end of the catch-up, even when there is nothing in it. */
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
