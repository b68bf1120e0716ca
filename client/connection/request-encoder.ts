import { StatusError } from '../../model/status.ts'
import { encodeBinaryRequest } from '../../protocol/codec.ts'
import type { Request } from '../../protocol/messages.ts'

export type RequestFrame = string | Uint8Array<ArrayBuffer>

/** The most bytes of UTF-8 for one character of a JavaScript string. */
const BYTES_PER_CHARACTER = 3

const utf8 = new TextEncoder()

/** Encodes requests, and refuses those that are larger than the server accepts. */
export class RequestEncoder {
  readonly #isBinary: boolean
  #maxPayload = Infinity

  constructor(isBinary: boolean) {
    this.#isBinary = isBinary
  }

  /** @param maxPayload bytes of the largest message that the server accepts */
  limit(maxPayload: number): void {
    this.#maxPayload = maxPayload
  }

  /** @throws StatusError `TooLarge` */
  encode(request: Request): RequestFrame {
    // msgpackr packs into memory that is not shared.
    const frame = this.#isBinary
      ? (encodeBinaryRequest(request) as Uint8Array<ArrayBuffer>)
      : JSON.stringify(request)
    // Most texts need not be encoded to know that they fit.
    if (typeof frame !== 'string' || frame.length * BYTES_PER_CHARACTER > this.#maxPayload) {
      const size = typeof frame === 'string' ? utf8.encode(frame).length : frame.length
      if (size > this.#maxPayload) throw tooLarge(size, this.#maxPayload)
    }
    return frame
  }
}

/**
 * @param size bytes of the message
 * @param limit bytes that the server accepts, if known
 */
export function tooLarge(size: number, limit?: number): StatusError {
  return new StatusError('platform:status:TooLarge', limit === undefined ? { size } : { size, limit })
}
