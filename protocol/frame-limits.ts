import { StatusError } from '../model/status.ts'
import type { RequestId } from './messages.ts'

/** Maximum number of objects and arrays around a value in a frame. Documents have at most 64 (`MAX_VALUE_DEPTH`). */
export const MAX_FRAME_DEPTH = 1000
/**
 * Maximum number of values in a frame: strings, numbers, booleans, nulls, objects and arrays. Each takes some 150 ns to
 * decode and check, so this many take half a second. Documents of eight small fields have as many in 37 MB.
 */
export const MAX_FRAME_VALUES = 3_000_000
/**
 * Maximum number of different keys in a frame, about. V8 keeps each name once, and an object of many as a hash table:
 * some 1 µs each. Keys of documents repeat.
 */
export const MAX_FRAME_KEYS = 300_000
/**
 * Maximum size of a decoded frame in bytes: with its shared references and the keys of its records written out. The
 * longest string of V8 has twice as many characters.
 */
export const MAX_FRAME_SIZE = 256 * 1024 * 1024

/** What is wrong with a frame, before it is decoded. */
export class FrameFlaw extends Error {
  /** The limit that the frame exceeds, if it is too large. */
  readonly limit: number | undefined

  constructor(message: string, limit?: number) {
    super(message)
    this.name = 'FrameFlaw'
    this.limit = limit
  }

  /** The error for the client. `id` is the id of the request, if it is known. */
  toStatusError(id: RequestId | undefined): StatusError {
    return new StatusError('platform:status:BadRequest', {
      message: this.message,
      ...(this.limit === undefined ? {} : { limit: this.limit }),
      ...(id === undefined ? {} : { id }),
    })
  }
}

export function tooDeep(): FrameFlaw {
  return new FrameFlaw('the frame is nested too deeply', MAX_FRAME_DEPTH)
}

export function tooManyKeys(): FrameFlaw {
  return new FrameFlaw('the frame has too many different keys', MAX_FRAME_KEYS)
}

export function tooMany(): FrameFlaw {
  return new FrameFlaw('the frame has too many values', MAX_FRAME_VALUES)
}
