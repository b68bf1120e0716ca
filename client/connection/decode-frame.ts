import { inflateSync } from 'fflate'
import { decodeBinary, decodeJson } from '../../protocol/codec.ts'
import { DEFLATED_BINARY, DEFLATED_TEXT } from '../../protocol/compression.ts'
import type { Response } from '../../protocol/messages.ts'

const utf8 = new TextDecoder()

/** A frame of the server: JSON text or msgpackr, either of them compressed or not. */
export function decodeFrame(data: string | Uint8Array): Response {
  if (typeof data === 'string') return decodeJson(data)
  switch (data[0]) {
    case DEFLATED_TEXT:
      return decodeJson(utf8.decode(inflateSync(data.subarray(1))))
    case DEFLATED_BINARY:
      return decodeBinary(inflateSync(data.subarray(1)))
    default:
      return decodeBinary(data)
  }
}
