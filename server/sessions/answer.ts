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
export function answerOf(
  id: RequestId,
  result: unknown,
  binary: boolean,
  limits: PartLimits,
): Frame | Frames {
  if (isEncodedResult(result)) return encodedAnswer(id, result, binary)
  if (!Array.isArray(result)) return encodeFrame({ id, result }, binary)
  const parts = splitResult(result, limits)
  return parts.length > 1 ? partFrames(id, parts, binary) : encodeFrame({ id, result }, binary)
}

function encodedAnswer(id: RequestId, result: EncodedResult, binary: boolean): Frame | Frames {
  if (result.parts.length > 1) return binary ? unpackedFrames(id, result) : splicedFrames(id, result)
  const [part] = result.parts
  if (!binary) return spliceFrame(headOf(id, result), part ?? '', ']}}')
  return encodeFrame({ id, result: findResult(documentsOf(part), result.total) }, true)
}

function* partFrames(id: RequestId, parts: readonly ResultPart[], binary: boolean): Frames {
  for (const part of parts) yield encodeFrame({ id, ...part }, binary)
}

/** Documents that are JSON text already, put into frames as they are. */
function* splicedFrames(id: RequestId, result: EncodedResult): Frames {
  const head = headOf(id, result)
  for (const [at, part] of result.parts.entries()) {
    yield spliceFrame(head, part, `]},"chunk":${JSON.stringify(chunkOf(result.parts, at))}}`)
  }
}

function headOf(id: RequestId, { total }: EncodedResult): string {
  return `{"id":${JSON.stringify(id)},"result":{"dataType":"TotalArray","total":${total},"value":[`
}

function* unpackedFrames(id: RequestId, { parts, total }: EncodedResult): Frames {
  for (const [at, part] of parts.entries()) {
    yield encodeFrame({ id, result: findResult(documentsOf(part), total), chunk: chunkOf(parts, at) }, true)
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
