import { StatusError } from '../../model/status.ts'
import { estimatedSize } from './estimated-size.ts'

/** JSON has up to six bytes for a character that takes one in storage. */
const ESCAPED = 6

/** Bytes that the value has at most as JSON. */
export function mostJsonBytes(value: unknown): number {
  return estimatedSize(value) * ESCAPED
}

/** Bytes of the value as JSON. */
export function jsonBytes(value: object): number {
  return Buffer.byteLength(JSON.stringify(value))
}

/** @throws StatusError TooLarge */
export function checkSize(value: { _id: string }, limit: number): void {
  if (mostJsonBytes(value) <= limit) return
  const size = jsonBytes(value)
  if (size > limit) throw tooLarge(size, limit, value._id)
}

export function tooLarge(size: number, limit: number, _id: string): StatusError {
  return new StatusError('platform:status:TooLarge', { size, limit, _id })
}
