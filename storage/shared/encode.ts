import type { EncodedResult, Part, PartLimits } from '../contract.ts'

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
  if (fitsOnePart(whole, rows.length, limits)) return { parts: rows.length === 0 ? [] : [whole], total }
  const cutter = new PartCutter(limits)
  const parts = rows.flatMap((row) => cutter.add(row) ?? [])
  return { parts: [...parts, ...(cutter.end() ?? [])], total }
}

/** Documents whose texts are joined already, where they fit one part. */
export function encodePage(
  page: { text: string; count: number } | undefined,
  limits: PartLimits,
): EncodedResult | undefined {
  if (page === undefined || !fitsOnePart(page.text, page.count, limits)) return undefined
  return { parts: page.count === 0 ? [] : [page.text], total: -1 }
}

/** Whether the text of so many documents is surely short enough. */
function fitsOnePart(text: string, count: number, limits: PartLimits): boolean {
  return count <= limits.maxCount && text.length * bytesPerUnit <= Math.min(limits.maxBytes, longestText)
}

/** Those that are here, and those that are to be read. */
export async function allParts({ parts, rest }: EncodedResult): Promise<Part[]> {
  const all = [...parts]
  for (let final = rest === undefined; !final;) {
    const next = await rest?.next()
    if (next !== undefined) all.push(next.part)
    final = next?.final !== false
  }
  return all
}

/** Cuts documents' JSON texts into parts as they come. */
export class PartCutter {
  readonly #limits: PartLimits
  #rows: string[] = []
  #bytes = 0

  constructor(limits: PartLimits) {
    this.#limits = limits
  }

  /** The part that ends before this row, once there is one. */
  add(row: string): [Part] | undefined {
    const size = Buffer.byteLength(row)
    const { maxCount, maxBytes } = this.#limits
    const isFull = this.#rows.length >= maxCount || this.#bytes + size + 1 > maxBytes
    const part = isFull ? this.end() : undefined
    this.#bytes += this.#rows.length === 0 ? size : size + 1
    this.#rows.push(row)
    return part
  }

  /** What was added since the last part. */
  end(): [Part] | undefined {
    if (this.#rows.length === 0) return undefined
    const text = this.#rows.join(',')
    this.#rows = []
    this.#bytes = 0
    return [text.length * bytesPerUnit <= longestText ? text : encoder.encode(text)]
  }
}
