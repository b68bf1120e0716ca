import { deflateRawSync } from 'node:zlib'
import { DEFLATED_BINARY, DEFLATED_TEXT } from '../../protocol/compression.ts'

/** WebSocket opcodes, RFC 6455 section 5.2. */
const TEXT = 0x81
const BINARY = 0x82

/** Payload lengths over these take 2 and 8 more bytes in the header. */
const SHORT = 125
const MEDIUM = 0xffff

/**
 * A message as it is written to the socket: an unmasked, unfragmented WebSocket frame. It is made once for any number
 * of sockets. (Building it in `ws` for each socket costs a quarter of a delivery.)
 */
export type Frame = Buffer

export function textFrame(text: string): Frame {
  const length = Buffer.byteLength(text)
  const { frame, start } = allocate(TEXT, length)
  frame.write(text, start)
  return frame
}

export function binaryFrame(payload: Uint8Array): Frame {
  const { frame, start } = allocate(BINARY, payload.length)
  frame.set(payload, start)
  return frame
}

/** A text frame around existing JSON text. */
export function spliceFrame(before: string, middle: string | Uint8Array, after: string): Frame {
  const [head, length] = [Buffer.byteLength(before), Buffer.byteLength(middle)]
  const { frame, start } = allocate(TEXT, head + length + Buffer.byteLength(after))
  frame.write(before, start)
  // Joining the text first would copy it once more.
  if (typeof middle === 'string') frame.write(middle, start + head)
  else frame.set(middle, start + head)
  frame.write(after, start + head + length)
  return frame
}

/** Payloads up to this size are not compressed: it costs more than it saves. */
const LEAST_DEFLATED = 4096
/** The fastest level of zlib. */
const LEVEL = 1

/** The message compressed (RFC 1951) in a binary frame, where that makes it shorter. */
export function deflatedFrame(frame: Frame): Frame {
  const start = frame.length - payloadLength(frame)
  if (frame.length - start <= LEAST_DEFLATED) return frame
  const deflated = deflateRawSync(frame.subarray(start), { level: LEVEL })
  if (deflated.length + 1 >= frame.length - start) return frame
  const packed = allocate(BINARY, deflated.length + 1)
  packed.frame[packed.start] = frame[0] === TEXT ? DEFLATED_TEXT : DEFLATED_BINARY
  packed.frame.set(deflated, packed.start + 1)
  return packed.frame
}

function payloadLength(frame: Frame): number {
  const [, short = 0] = frame
  if (short <= SHORT) return short
  return short === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2))
}

function allocate(opcode: number, length: number): { frame: Frame; start: number } {
  const start = length <= SHORT ? 2 : length <= MEDIUM ? 4 : 10
  const frame = Buffer.allocUnsafe(start + length)
  frame[0] = opcode
  if (start === 2) frame[1] = length
  else if (start === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  return { frame, start }
}
