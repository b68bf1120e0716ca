import type { EncodedResult, Part, PartLimits } from '../contract.ts'

const encoder = new TextEncoder()

/** Maximum number of UTF-8 bytes per UTF-16 unit. */
const bytesPerUnit = 3

/**
 * Up to this length a part stays a string. Copying that to another thread costs less than encoding and transferring
 * it: buffers are off-heap memory, and about 64 MB of them cause a full garbage collection.
 */
const longestText = 262_144

/**
 * Splits the JSON texts of documents into parts. Long parts have buffers of their own, ready to be transferred to
 * another thread.
 */
export function encodeParts(rows: readonly string[], total: number, limits: PartLimits): EncodedResult {
  const whole = rows.join(',')
  if (fitsOnePart(whole, rows.length, limits)) return { parts: rows.length === 0 ? [] : [whole], total }
  const cutter = new PartCutter(limits)
  const parts = rows.flatMap((row) => cutter.add(row) ?? [])
  return { parts: [...parts, ...(cutter.end() ?? [])], total }
}

/** A page whose texts are already joined, if it fits into one part. */
export function encodePage(
  page: { text: string; count: number } | undefined,
  limits: PartLimits,
): EncodedResult | undefined {
  if (page === undefined || !fitsOnePart(page.text, page.count, limits)) return undefined
  return { parts: page.count === 0 ? [] : [page.text], total: -1 }
}

/** Whether the text surely fits into one part. */
function fitsOnePart(text: string, count: number, limits: PartLimits): boolean {
  return count <= limits.maxCount && text.length * bytesPerUnit <= Math.min(limits.maxBytes, longestText)
}

/** All parts, including the rest. */
export async function allParts({ parts, rest }: EncodedResult): Promise<Part[]> {
  const all = [...parts]
  for (let final = rest === undefined; !final;) {
    const next = await rest?.next()
    if (next !== undefined) all.push(next.part)
    final = next?.final !== false
  }
  return all
}

/** Splits the JSON texts of documents into parts, one document at a time. */
export class PartCutter {
  readonly #limits: PartLimits
  #rows: string[] = []
  #bytes = 0

  constructor(limits: PartLimits) {
    this.#limits = limits
  }

  /** The part that ends before this row, if it is complete. */
  add(row: string): [Part] | undefined {
    const size = Buffer.byteLength(row)
    const { maxCount, maxBytes } = this.#limits
    const isFull = this.#rows.length >= maxCount || this.#bytes + size + 1 > maxBytes
    const part = isFull ? this.end() : undefined
    this.#bytes += this.#rows.length === 0 ? size : size + 1
    this.#rows.push(row)
    return part
  }

  /** The documents since the last part. */
  end(): [Part] | undefined {
    if (this.#rows.length === 0) return undefined
    const text = this.#rows.join(',')
    this.#rows = []
    this.#bytes = 0
    return [text.length * bytesPerUnit <= longestText ? text : encoder.encode(text)]
  }
}
