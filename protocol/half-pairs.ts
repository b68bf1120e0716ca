import { type Fields, isFields } from '../model/json-value.ts'
import { MAX_FRAME_DEPTH } from './frame-limits.ts'

/**
 * Whether packed bytes may hold a lone surrogate, encoded like UTF-8: ED A0..BF. Other content may have the same bytes.
 */
export function holdsHalfPairs(data: Uint8Array): boolean {
  for (let at = data.indexOf(0xed); at >= 0; at = data.indexOf(0xed, at + 1)) {
    const next = data[at + 1] ?? 0
    if (next >= 0xa0 && next <= 0xbf) return true
  }
  return false
}

/**
 * UTF-8 decoders replace the three bytes of a lone surrogate with three U+FFFD. This restores a lone surrogate, as in
 * JSON text.
 */
export function withHalves(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return textWithHalves(value)
  if (depth > MAX_FRAME_DEPTH) return value
  if (Array.isArray(value)) return value.map((item) => withHalves(item, depth + 1))
  if (!isFields(value)) return value
  const fields: Fields = {}
  for (const key of Object.keys(value)) fields[textWithHalves(key)] = withHalves(value[key], depth + 1)
  return fields
}

function textWithHalves(text: string): string {
  return text.replaceAll('\ufffd\ufffd\ufffd', '\ud800')
}
