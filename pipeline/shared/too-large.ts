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

/** Bytes that the value has at least as JSON, which takes no copy of it: a value far beyond a limit is not written out. */
function leastJsonBytes(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  let size = 0
  if (Array.isArray(value)) for (const item of value) size += 1 + leastJsonBytes(item)
  else for (const [name, item] of Object.entries(value)) size += name.length + leastJsonBytes(item)
  return size
}

/** @throws StatusError TooLarge, with the size, or what is known to be less than it */
export function checkSize(value: { _id: string }, limit: number): void {
  if (mostJsonBytes(value) <= limit) return
  const least = leastJsonBytes(value)
  const size = least > limit ? least : jsonBytes(value)
  if (size > limit) throw tooLarge(size, limit, value._id)
}

export function tooLarge(size: number, limit: number, _id: string): StatusError {
  return new StatusError('platform:status:TooLarge', { size, limit, _id })
}
