import { findResult } from './codec.ts'
import type { Chunk, Response } from './messages.ts'

/** One frame of an array result. */
export interface ResultPart {
  result: unknown[]
  chunk?: Chunk
}

/** Limits of one frame. */
export interface ChunkLimits {
  maxCount: number
  /** Size of the items as JSON, in bytes. An estimate: text is not encoded. A larger item has a frame of its own. */
  maxBytes: number
}

/**
 * Splits an array result into frames within the limits. A short result stays whole, without `chunk`. Each part has
 * the `total`, so that the last one does.
 */
export function splitResult(result: unknown[], limits: ChunkLimits): ResultPart[] {
  const ends = partEnds(result, limits)
  if (ends.length <= 1) return [{ result }]
  return ends.map((end, at) => {
    const chunk = { index: at + 1, final: at === ends.length - 1 }
    return { result: withTotalOf(result, result.slice(ends[at - 1] ?? 0, end)), chunk }
  })
}

/** The end of each part. */
function partEnds(result: unknown[], { maxCount, maxBytes }: ChunkLimits): number[] {
  const ends: number[] = []
  let start = 0
  let bytes = 0
  for (const [at, item] of result.entries()) {
    const size = JSON.stringify(item)?.length ?? 0
    if (at > start && (at - start >= maxCount || bytes + size > maxBytes)) {
      ends.push(at)
      start = at
      bytes = 0
    }
    bytes += size
  }
  ends.push(result.length)
  return ends
}

function withTotalOf(whole: unknown[], part: unknown[]): unknown[] {
  return 'total' in whole && typeof whole.total === 'number' ? findResult(part, whole.total) : part
}

/** Combines the parts of chunked results, in any order. */
export class ChunkAssembler {
  readonly #waiting = new Map<Response['id'], { parts: Map<number, unknown[]>; last?: number }>()

  /** The whole response after its last part, or a response without chunk. */
  add(response: Response): Response | undefined {
    const { chunk, ...whole } = response
    if (chunk === undefined) return response
    const waiting = this.#waiting.get(response.id) ?? { parts: new Map<number, unknown[]>() }
    this.#waiting.set(response.id, waiting)
    const { result } = response
    waiting.parts.set(chunk.index, Array.isArray(result) ? result : [result])
    if (chunk.final) waiting.last = chunk.index
    if (waiting.parts.size !== waiting.last) return undefined
    this.#waiting.delete(response.id)
    return { ...whole, result: join(waiting.parts, waiting.last) }
  }

  /** Number of documents received for a request. */
  progress(id: Response['id']): number {
    let count = 0
    for (const part of this.#waiting.get(id)?.parts.values() ?? []) count += part.length
    return count
  }

  clear(): void {
    this.#waiting.clear()
  }
}

function join(parts: Map<number, unknown[]>, last: number): unknown[] {
  const whole = Array.from({ length: last }, (_, at) => parts.get(at + 1) ?? []).flat()
  return withTotalOf(parts.get(last) ?? [], whole)
}
