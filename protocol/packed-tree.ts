import { type Fields, isFields, MAX_VALUE_DEPTH } from '../model/json-value.ts'

/** Levels of a value, and of a request and a transaction around it. */
const DEEPEST = MAX_VALUE_DEPTH + 16

/** Bytes that a frame contains if it has a certain content. Other content may have the same bytes. */
interface Mark {
  first: number
  /** Tests the second byte. */
  second: (byte: number) => boolean
}

/** A reference to another part of the frame: the four byte extension `p` of msgpackr. */
export const POINTER: Mark = { first: 0xd6, second: (byte) => byte === 0x70 }
/** A lone surrogate, encoded like UTF-8: ED A0..BF. */
export const HALF_PAIR: Mark = { first: 0xed, second: (byte) => byte >= 0xa0 && byte <= 0xbf }

export function mayHold(data: Uint8Array, { first, second }: Mark): boolean {
  for (let at = data.indexOf(first); at >= 0; at = data.indexOf(first, at + 1)) {
    if (second(data[at + 1] ?? 0)) return true
  }
  return false
}

/**
 * Whether a value is not larger than its encoding allows. With references, a short frame may contain a value too
 * large to traverse. Levels beyond the maximum depth of a value are not visited.
 */
export function isTree(value: unknown, bytes: number): boolean {
  let left = bytes
  const visit = (each: unknown, depth: number): void => {
    if (typeof each !== 'object' || each === null || depth > DEEPEST) return
    left -= 1
    if (left < 0) return
    const items: unknown[] = Array.isArray(each) ? each : Object.values(each)
    for (const item of items) visit(item, depth + 1)
  }
  visit(value, 0)
  return left >= 0
}

/**
 * UTF-8 decoders replace the three bytes of a lone surrogate with three U+FFFD. This restores a lone surrogate, as in
 * JSON text.
 */
export function withHalves(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return textWithHalves(value)
  // Deeper values are rejected later, and may be cyclic.
  if (depth > DEEPEST) return value
  if (Array.isArray(value)) return value.map((item) => withHalves(item, depth + 1))
  if (!isFields(value)) return value
  const fields: Fields = {}
  for (const key of Object.keys(value)) fields[textWithHalves(key)] = withHalves(value[key], depth + 1)
  return fields
}

function textWithHalves(text: string): string {
  return text.replaceAll('\ufffd\ufffd\ufffd', '\ud800')
}
