import assert from 'node:assert'
import { isEncoded, type FindResponse } from '../../pipeline/workspace/middleware.ts'
import type { EncodedResult, Part, PartLimits, PartStream } from '../../storage/contract.ts'
import { type ResultPart, splitResult } from '../../protocol/chunks.ts'
import { encodeBinary, encodeJson, findResult } from '../../protocol/codec.ts'
import type { Chunk, RequestId, Response } from '../../protocol/messages.ts'
import { binaryFrame, type Frame, spliceFrame, textFrame } from './frame.ts'
import type { FrameSource } from './frame-streams.ts'

export function encodeFrame(response: Response, binary: boolean): Frame {
  return binary ? binaryFrame(encodeBinary(response)) : textFrame(encodeJson(response))
}

/** An answer: one frame, or, for a long array, several that are made, and perhaps read, as they are taken. */
export function answerOf(id: RequestId, answer: unknown, format: AnswerFormat): Frame | FrameSource {
  const { binary, limits } = format
  const { seq, result } = answer instanceof Sequenced ? answer : { seq: undefined, result: answer }
  const head: Head = seq === undefined ? { id } : { id, seq }
  if (isEncodedResult(result)) return encodedAnswer(head, result, format)
  // Without a spread, which costs a twentieth of a ping.
  if (!Array.isArray(result))
    return encodeFrame(seq === undefined ? { id, result } : { id, seq, result }, binary)
  const parts = splitResult(result, limits)
  return parts.length > 1 ? new PartFrames(head, parts, binary) : encodeFrame({ ...head, result }, binary)
}

/** A result that is that of one place in the log. */
export class Sequenced {
  readonly seq: number
  readonly result: unknown

  constructor(seq: number, result: unknown) {
    this.seq = seq
    this.result = result
  }
}

export interface AnswerFormat {
  binary: boolean
  limits: PartLimits
  /** The last frame of an answer that could not be read to its end. */
  failed: (error: unknown) => Frame
}

type Head = Pick<Response, 'seq'> & { id: RequestId }

function encodedAnswer(head: Head, result: EncodedResult, format: AnswerFormat): Frame | FrameSource {
  if (result.parts.length > 1 || result.rest !== undefined) return new EncodedFrames(head, result, format)
  const [part] = result.parts
  if (!format.binary) return spliceFrame(beginningOf(head, result), part ?? '', ']}}')
  return encodeFrame({ ...head, result: findResult(documentsOf(part), result.total) }, true)
}

/** An array that is here already. */
class PartFrames implements FrameSource {
  readonly #head: Head
  readonly #parts: readonly ResultPart[]
  readonly #binary: boolean
  #taken = 0

  constructor(head: Head, parts: readonly ResultPart[], binary: boolean) {
    this.#head = head
    this.#parts = parts
    this.#binary = binary
  }

  next(): Frame | undefined {
    const part = this.#parts[this.#taken++]
    return part && encodeFrame({ ...this.#head, ...part }, this.#binary)
  }

  close(): void {}
}

/** Documents that are JSON text already, the first ones here and the rest to be read. */
class EncodedFrames implements FrameSource {
  readonly #head: Head
  readonly #total: number
  readonly #format: AnswerFormat
  readonly #rest: PartStream | undefined
  readonly #beginning: string
  #parts: readonly Part[]
  #taken = 0
  #isOver = false

  constructor(head: Head, result: EncodedResult, format: AnswerFormat) {
    this.#head = head
    this.#total = result.total
    this.#format = format
    this.#rest = result.rest
    this.#beginning = beginningOf(head, result)
    this.#parts = result.parts
  }

  next(): Frame | undefined | Promise<Frame> {
    if (this.#isOver) return undefined
    const [part, ...others] = this.#parts
    if (part === undefined) return this.#read(this.#rest)
    this.#parts = others
    return this.#frame(part, this.#rest === undefined && others.length === 0)
  }

  close(): void {
    this.#rest?.close()
  }

  async #read(rest: PartStream | undefined): Promise<Frame> {
    try {
      assert(rest !== undefined, 'an answer without a last part')
      const { part, final } = await rest.next()
      return this.#frame(part, final)
    } catch (error) {
      this.#isOver = true
      return this.#format.failed(error)
    }
  }

  #frame(part: Part, final: boolean): Frame {
    this.#isOver = final
    const chunk: Chunk = { index: ++this.#taken, final }
    if (!this.#format.binary)
      return spliceFrame(this.#beginning, part, `]},"chunk":${JSON.stringify(chunk)}}`)
    return encodeFrame({ ...this.#head, result: findResult(documentsOf(part), this.#total), chunk }, true)
  }
}

function beginningOf({ id, seq }: Head, { total }: EncodedResult): string {
  const numbered = seq === undefined ? '' : `"seq":${seq},`
  return `{"id":${JSON.stringify(id)},${numbered}"result":{"dataType":"TotalArray","total":${total},"value":[`
}

function documentsOf(part: Part | undefined): unknown[] {
  if (part === undefined) return []
  const text =
    typeof part === 'string' ? part : Buffer.from(part.buffer, part.byteOffset, part.length).toString()
  return JSON.parse(`[${text}]`) as unknown[]
}

function isEncodedResult(result: unknown): result is EncodedResult {
  return (
    typeof result === 'object' &&
    result !== null &&
    !Array.isArray(result) &&
    isEncoded(result as FindResponse)
  )
}
