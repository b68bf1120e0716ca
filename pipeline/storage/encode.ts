import type { EncodedResult, PartLimits } from './contract.ts'

const encoder = new TextEncoder()

/** At most this many bytes of UTF-8 come of one unit of a string. */
const bytesPerUnit = 3

/**
 * Up to here a part stays a string. To copy that to another thread costs less than to encode it and hand it over,
 * as every buffer is memory outside of the heap, some 64 MB of which make V8 collect all garbage.
 */
const longestText = 262_144

/** Documents' JSON texts in parts. Long ones have buffers of their own, ready to be handed to another thread. */
export function encodeParts(rows: readonly string[], total: number, limits: PartLimits): EncodedResult {
  const whole = rows.join(',')
  if (fitsOnePart(whole, rows.length, limits))
    return { parts: rows.length === 0 ? [] : [whole], count: rows.length, total }
  const parts = groupRows(rows, limits).map((group) => partOf(group.join(',')))
  return { parts, count: rows.length, total }
}

/** Documents whose texts are joined already. */
export function encodePage({ text, count }: { text: string; count: number }): EncodedResult {
  return { parts: count === 0 ? [] : [text], count, total: -1 }
}

/** Whether the text of so many documents is surely short enough. */
export function fitsOnePart(text: string, count: number, limits: PartLimits): boolean {
  return count <= limits.maxCount && text.length * bytesPerUnit <= Math.min(limits.maxBytes, longestText)
}

function partOf(text: string): string | Uint8Array {
  return text.length * bytesPerUnit <= longestText ? text : encoder.encode(text)
}

function groupRows(rows: readonly string[], limits: PartLimits): string[][] {
  const groups: string[][] = []
  let current: string[] = []
  let bytes = 0
  for (const row of rows) {
    const size = Buffer.byteLength(row)
    const isFull = current.length >= limits.maxCount || bytes + size + 1 > limits.maxBytes
    if (current.length === 0 || isFull) {
      groups.push((current = []))
      bytes = size
    } else {
      bytes += size + 1
    }
    current.push(row)
  }
  return groups
}
