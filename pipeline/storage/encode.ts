import type { EncodedResult, PartLimits } from './contract.ts'

const encoder = new TextEncoder()

/** At most this many bytes of UTF-8 come of one unit of a string. */
const bytesPerUnit = 3

/** Documents' JSON texts in parts with buffers of their own, ready to be handed to another thread. */
export function encodeParts(rows: readonly string[], total: number, limits: PartLimits): EncodedResult {
  const units = rows.reduce((sum, row) => sum + row.length + 1, 0)
  const fits = rows.length <= limits.maxCount && units * bytesPerUnit <= limits.maxBytes
  const groups = fits ? [rows].filter((group) => group.length > 0) : groupRows(rows, limits)
  return { parts: groups.map((group) => encoder.encode(group.join(','))), count: rows.length, total }
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
