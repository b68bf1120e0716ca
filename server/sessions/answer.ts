import { isEncoded, type FindAnswer } from '../../pipeline/middleware.ts'
import type { EncodedResult, PartLimits } from '../../pipeline/storage/contract.ts'
import { type ResultPart, splitResult } from '../../protocol/chunks.ts'
import { encodeBinary, encodeJson, findResult } from '../../protocol/codec.ts'
import type { Chunk, RequestId, Response } from '../../protocol/messages.ts'
import { binaryFrame, type Frame, spliceFrame, textFrame } from '../transport/frame.ts'

type Frames = Generator<Frame, undefined>

export function encodeFrame(response: Response, binary: boolean): Frame {
  return binary ? binaryFrame(encodeBinary(response)) : textFrame(encodeJson(response))
}

/** An answer: one frame, or, for a long array, several that are made one by one as they are taken. */
export function answerOf(id: RequestId, answer: unknown, { binary, limits }: AnswerFormat): Frame | Frames {
  const { seq, result } = answer instanceof Sequenced ? answer : { seq: undefined, result: answer }
  const head: Head = seq === undefined ? { id } : { id, seq }
  if (isEncodedResult(result)) return encodedAnswer(head, result, binary)
  if (!Array.isArray(result)) return encodeFrame({ ...head, result }, binary)
  const parts = splitResult(result, limits)
  return parts.length > 1 ? partFrames(head, parts, binary) : encodeFrame({ ...head, result }, binary)
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
}

type Head = Pick<Response, 'seq'> & { id: RequestId }

function encodedAnswer(head: Head, result: EncodedResult, binary: boolean): Frame | Frames {
  if (result.parts.length > 1) return binary ? unpackedFrames(head, result) : splicedFrames(head, result)
  const [part] = result.parts
  if (!binary) return spliceFrame(beginningOf(head, result), part ?? '', ']}}')
  return encodeFrame({ ...head, result: findResult(documentsOf(part), result.total) }, true)
}

function* partFrames(head: Head, parts: readonly ResultPart[], binary: boolean): Frames {
  for (const part of parts) yield encodeFrame({ ...head, ...part }, binary)
}

/** Documents that are JSON text already, put into frames as they are. */
function* splicedFrames(head: Head, result: EncodedResult): Frames {
  const beginning = beginningOf(head, result)
  for (const [at, part] of result.parts.entries()) {
    yield spliceFrame(beginning, part, `]},"chunk":${JSON.stringify(chunkOf(result.parts, at))}}`)
  }
}

function beginningOf({ id, seq }: Head, { total }: EncodedResult): string {
  const numbered = seq === undefined ? '' : `"seq":${seq},`
  return `{"id":${JSON.stringify(id)},${numbered}"result":{"dataType":"TotalArray","total":${total},"value":[`
}

function* unpackedFrames(head: Head, { parts, total }: EncodedResult): Frames {
  for (const [at, part] of parts.entries()) {
    const result = findResult(documentsOf(part), total)
    yield encodeFrame({ ...head, result, chunk: chunkOf(parts, at) }, true)
  }
}

function documentsOf(part: EncodedResult['parts'][number] | undefined): unknown[] {
  if (part === undefined) return []
  const text =
    typeof part === 'string' ? part : Buffer.from(part.buffer, part.byteOffset, part.length).toString()
  return JSON.parse(`[${text}]`) as unknown[]
}

function chunkOf(parts: readonly unknown[], at: number): Chunk {
  return { index: at + 1, final: at === parts.length - 1 }
}

function isEncodedResult(result: unknown): result is EncodedResult {
  return (
    typeof result === 'object' && result !== null && !Array.isArray(result) && isEncoded(result as FindAnswer)
  )
}
