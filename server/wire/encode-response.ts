import assert from 'node:assert'
import { isEncoded, type FindResponse } from '../../pipeline/workspace/middleware.ts'
import type { EncodedResult, Part, PartLimits, PartStream } from '../../storage/contract.ts'
import { type ResultPart, splitResult } from '../../protocol/chunks.ts'
import { encodeBinary, encodeJson, findResult } from '../../protocol/codec.ts'
import type { Chunk, RequestId, Response } from '../../protocol/messages.ts'
import type { FrameFormat } from './frame-format.ts'
import { binaryFrame, type Frame, spliceFrame, textFrame } from './frame.ts'
import type { FrameSource } from './frame-streams.ts'

export function encodeFrame(response: Response, { binary }: Pick<FrameFormat, 'binary'>): Frame {
  return binary ? binaryFrame(encodeBinary(response)) : textFrame(encodeJson(response))
}

/** A response: one frame, or several for a long array, which are encoded, and read where necessary, one at a time. */
export function encodeResponse(id: RequestId, response: unknown, encoding: Encoding): Frame | FrameSource {
  const { format, limits } = encoding
  const { seq, result } = response instanceof Sequenced ? response : { seq: undefined, result: response }
  const head: Head = seq === undefined ? { id } : { id, seq }
  if (isEncodedResult(result)) return encodedResponse(head, result, encoding)
  // Without a spread, which costs a twentieth of a ping.
  if (!Array.isArray(result))
    return encodeFrame(seq === undefined ? { id, result } : { id, seq, result }, format)
  const parts = splitResult(result, limits)
  return parts.length > 1 ? new PartFrames(head, parts, format) : encodeFrame({ ...head, result }, format)
}

/** The result of a query at one position in the log. */
export class Sequenced {
  readonly seq: number
  readonly result: unknown

  constructor(seq: number, result: unknown) {
    this.seq = seq
    this.result = result
  }
}

/** How a response is encoded. */
export interface Encoding {
  format: FrameFormat
  limits: PartLimits
  /** Makes the last frame of a response that could not be read to its end. */
  failed: (error: unknown) => Frame
}

type Head = Pick<Response, 'seq'> & { id: RequestId }

function encodedResponse(head: Head, result: EncodedResult, encoding: Encoding): Frame | FrameSource {
  if (result.parts.length > 1 || result.rest !== undefined) return new EncodedFrames(head, result, encoding)
  const [part] = result.parts
  if (!encoding.format.binary) return spliceFrame(beginningOf(head, result), part ?? '', ']}}')
  return encodeFrame({ ...head, result: findResult(documentsOf(part), result.total) }, encoding.format)
}

/** The frames of an array in memory. */
class PartFrames implements FrameSource {
  readonly #head: Head
  readonly #parts: readonly ResultPart[]
  readonly #format: FrameFormat
  #taken = 0

  constructor(head: Head, parts: readonly ResultPart[], format: FrameFormat) {
    this.#head = head
    this.#parts = parts
    this.#format = format
  }

  next(): Frame | undefined {
    const part = this.#parts[this.#taken++]
    return part && encodeFrame({ ...this.#head, ...part }, this.#format)
  }

  close(): void {}
}

/** The frames of documents as JSON text: the first parts are in memory, the rest is read. */
class EncodedFrames implements FrameSource {
  readonly #head: Head
  readonly #total: number
  readonly #encoding: Encoding
  readonly #rest: PartStream | undefined
  readonly #beginning: string
  #parts: readonly Part[]
  #taken = 0
  #isOver = false

  constructor(head: Head, result: EncodedResult, encoding: Encoding) {
    this.#head = head
    this.#total = result.total
    this.#encoding = encoding
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
      assert(rest !== undefined, 'a response has a last part')
      const { part, final } = await rest.next()
      return this.#frame(part, final)
    } catch (error) {
      this.#isOver = true
      return this.#encoding.failed(error)
    }
  }

  #frame(part: Part, final: boolean): Frame {
    this.#isOver = final
    const chunk: Chunk = { index: ++this.#taken, final }
    const { format } = this.#encoding
    if (!format.binary) return spliceFrame(this.#beginning, part, `]},"chunk":${JSON.stringify(chunk)}}`)
    return encodeFrame({ ...this.#head, result: findResult(documentsOf(part), this.#total), chunk }, format)
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
  // The text in brackets is an array.
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
