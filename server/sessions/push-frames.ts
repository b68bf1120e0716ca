import type { Tx } from '../../model/transactions.ts'
import { encodeBinary } from '../../protocol/codec.ts'
import { binaryFrame, type Frame, textFrame } from '../transport/frame.ts'

/** Transactions as frames: encoded once for each encoding somebody wants, and shared by all who get them. */
export class PushFrames {
  readonly #result: Tx | Tx[]
  #json: Frame | undefined
  #binary: Frame | undefined

  constructor(txes: Tx[]) {
    const [first] = txes
    this.#result = txes.length === 1 && first !== undefined ? first : txes
  }

  get json(): Frame {
    return (this.#json ??= textFrame(`{"result":${JSON.stringify(this.#result)}}`))
  }

  get binary(): Frame {
    return (this.#binary ??= binaryFrame(encodeBinary({ result: this.#result })))
  }
}
