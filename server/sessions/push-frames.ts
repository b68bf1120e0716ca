import type { Tx } from '../../model/transactions.ts'
import { encodeBinary } from '../../protocol/codec.ts'
import type { Response } from '../../protocol/messages.ts'
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
  readonly #seqs: number[] | undefined
  readonly #frames = new Map<string, Frame>()

  /** @param seqs of each of the transactions, where they are of several commits */
  constructor(txes: Tx[], seq: number | undefined, seqs?: number[]) {
    const [first] = txes
    this.seq = seq
    this.#seqs = seqs
    this.#result = txes.length === 1 && first !== undefined ? first : txes
  }

  frame({ binary, numbered }: PushFormat): Frame {
    const key = `${binary}/${numbered}`
    let frame = this.#frames.get(key)
    if (frame === undefined) {
      const push = { result: this.#result, ...(numbered ? this.#place : {}) }
      frame = binary ? binaryFrame(encodeBinary(push)) : textFrame(JSON.stringify(push))
      this.#frames.set(key, frame)
    }
    return frame
  }

  get #place(): Pick<Response, 'seq' | 'seqs'> {
    if (this.seq === undefined) return {}
    return this.#seqs === undefined ? { seq: this.seq } : { seq: this.seq, seqs: this.#seqs }
  }
}
