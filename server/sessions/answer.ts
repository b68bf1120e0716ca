import { isEncoded, type FindAnswer } from '../../pipeline/middleware.ts'
import type { EncodedResult, PartLimits } from '../../pipeline/storage/contract.ts'
import { splitResult } from '../../protocol/chunks.ts'
import { encodeBinary, encodeJson, findResult } from '../../protocol/codec.ts'
import type { Chunk, RequestId, Response } from '../../protocol/messages.ts'
import { binaryFrame, type Frame, spliceFrame, textFrame } from '../transport/frame.ts'

type Frames = Generator<Frame, undefined>

export function encodeFrame(response: Response, binary: boolean): Frame {
  return binary ? binaryFrame(encodeBinary(response)) : textFrame(encodeJson(response))
}

/** An answer: one frame, or several when it is a long array, made one by one as they are taken. */
export interface Answer {
  several: boolean
  frames: Frames
}

export function answerOf(id: RequestId, result: unknown, binary: boolean, limits: PartLimits): Answer {
  if (isEncodedResult(result)) {
    const frames = binary ? unpackedFrames(id, result) : splicedFrames(id, result)
    return { several: result.parts.length > 1, frames }
  }
  const parts = Array.isArray(result) ? splitResult(result, limits) : [{ result }]
  return { several: parts.length > 1, frames: partFrames(id, parts, binary) }
}

function* partFrames(
  id: RequestId,
  parts: readonly Pick<Response, 'result' | 'chunk'>[],
  binary: boolean,
): Frames {
  for (const part of parts) yield encodeFrame({ id, ...part }, binary)
}

/** Documents that are JSON text already, put into frames as they are. */
function* splicedFrames(id: RequestId, { parts, total }: EncodedResult): Frames {
  const head = `{"id":${JSON.stringify(id)},"result":{"dataType":"TotalArray","total":${total},"value":[`
  if (parts.length <= 1) {
    yield spliceFrame(head, parts[0] ?? '', ']}}')
    return
  }
  for (const [at, part] of parts.entries()) {
    yield spliceFrame(head, part, `]},"chunk":${JSON.stringify(chunkOf(parts, at))}}`)
  }
}

function* unpackedFrames(id: RequestId, { parts, total }: EncodedResult): Frames {
  if (parts.length <= 1) {
    yield encodeFrame({ id, result: findResult(documentsOf(parts[0]), total) }, true)
    return
  }
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
