import type { Tx } from '../../model/transactions.ts'
import { encodeBinary } from '../../protocol/codec.ts'
import type { Response } from '../../protocol/messages.ts'
import type { FrameFormat } from './frame-format.ts'
import { binaryFrame, type Frame, textFrame } from './frame.ts'

/** Transactions as frames, encoded once for each format and shared by all recipients. */
export class PushFrames {
  /** `seq` of the last log entry among the transactions; `undefined` when none of them is in the log. */
  readonly seq: number | undefined
  readonly #result: Tx | Tx[]
  readonly #seqs: number[] | undefined
  readonly #frames = new Map<string, Frame>()

  /** @param seqs of each transaction, when they are of several commits */
  constructor(txes: Tx[], seq: number | undefined, seqs?: number[]) {
    const [first] = txes
    this.seq = seq
    this.#seqs = seqs
    this.#result = txes.length === 1 && first !== undefined ? first : txes
  }

  /** @param after the position that the session was sent last; none when it was sent none, or the push has none */
  frame({ binary, numbered }: FrameFormat, after?: number): Frame {
    const key = `${binary}/${numbered}/${after}`
    let frame = this.#frames.get(key)
    if (frame === undefined) {
      const push = { result: this.#result, ...(numbered ? this.#position(after) : {}) }
      frame = binary ? binaryFrame(encodeBinary(push)) : textFrame(JSON.stringify(push))
      this.#frames.set(key, frame)
    }
    return frame
  }

  #position(after: number | undefined): Pick<Response, 'after' | 'seq' | 'seqs'> {
    if (this.seq === undefined) return {}
    const position = after === undefined ? { seq: this.seq } : { after, seq: this.seq }
    return this.#seqs === undefined ? position : { ...position, seqs: this.#seqs }
  }
}
