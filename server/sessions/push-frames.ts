import type { Tx } from '../../model/transactions.ts'
import { encodeBinary } from '../../protocol/codec.ts'
import { binaryFrame, type Frame, textFrame } from '../transport/frame.ts'

/** How a session wants its pushes. */
export interface PushFormat {
  binary: boolean
  /** With the place in the log: protocol 2. */
  numbered: boolean
}

/** Transactions as frames: encoded once for each format somebody wants, and shared by all who get them. */
export class PushFrames {
  /** Of the last entry of the log these lead to; undefined when none of them is in it. */
  readonly seq: number | undefined
  readonly #result: Tx | Tx[]
  readonly #frames = new Map<string, Frame>()

  constructor(txes: Tx[], seq: number | undefined) {
    const [first] = txes
    this.seq = seq
    this.#result = txes.length === 1 && first !== undefined ? first : txes
  }

  frame({ binary, numbered }: PushFormat): Frame {
    const key = `${binary}/${numbered}`
    let frame = this.#frames.get(key)
    if (frame === undefined) {
      const push = { result: this.#result, ...(numbered && this.seq !== undefined ? { seq: this.seq } : {}) }
      frame = binary ? binaryFrame(encodeBinary(push)) : textFrame(JSON.stringify(push))
      this.#frames.set(key, frame)
    }
    return frame
  }
}
