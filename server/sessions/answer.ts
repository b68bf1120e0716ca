import type { FindAnswer } from '../../pipeline/middleware.ts'
import { isEncoded } from '../../pipeline/middleware.ts'
import type { EncodedResult } from '../../pipeline/storage/contract.ts'
import type { Status } from '../../model/status.ts'
import { splitResult } from '../../protocol/chunks.ts'
import { encodeBinary, encodeJson } from '../../protocol/codec.ts'
import type { Chunk, RequestId, Response } from '../../protocol/messages.ts'
import { binaryFrame, type Frame, spliceFrame, textFrame } from '../transport/frame.ts'

/** How a session's frames are encoded, and into what parts its answers are cut. */
export interface Encoding {
  binary: boolean
  chunkCount: number
}

export function encodeFrame(response: Response, binary: boolean): Frame {
  return binary ? binaryFrame(encodeBinary(response)) : textFrame(encodeJson(response))
}

export function errorFrame(id: RequestId, error: Status, binary: boolean): Frame {
  return encodeFrame({ id, error }, binary)
}

/** The frames of an answer: one, or several when it is a long array. */
export function* answerFrames(
  id: RequestId,
  result: unknown,
  encoding: Encoding,
): Generator<Frame, undefined> {
  if (!Array.isArray(result) || result.length <= encoding.chunkCount) {
    yield encodeFrame({ id, result }, encoding.binary)
    return
  }
  for (const part of splitResult(result, encoding.chunkCount))
    yield encodeFrame({ id, ...part }, encoding.binary)
}

/** The frames of a find result that is JSON text already. */
export function* encodedFrames(id: RequestId, { parts, total }: EncodedResult): Generator<Frame, undefined> {
  const head = `{"id":${JSON.stringify(id)},"result":{"dataType":"TotalArray","total":${total},"value":[`
  if (parts.length <= 1) {
    yield spliceFrame(head, parts[0] ?? new Uint8Array(), ']}}')
    return
  }
  for (const [at, part] of parts.entries()) {
    const chunk: Chunk = { index: at + 1, final: at === parts.length - 1 }
    yield spliceFrame(head, part, `]},"chunk":${JSON.stringify(chunk)}}`)
  }
}

export function findFrames(
  id: RequestId,
  answer: FindAnswer,
  encoding: Encoding,
): Generator<Frame, undefined> {
  return isEncoded(answer) ? encodedFrames(id, answer) : answerFrames(id, answer, encoding)
}
