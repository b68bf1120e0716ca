import type { FindResult } from '../model/query/query.ts'
import { findResult } from './codec.ts'
import type { Chunk, Response } from './messages.ts'

/** One frame's part of an array result. */
export interface ResultPart {
  result: unknown[]
  chunk?: Chunk
}

/** Documents a frame carries at most, unless the options say otherwise. */
export const DEFAULT_CHUNK_COUNT = 1000

/**
 * Splits an array result into frames of at most `maxCount` items; a short one stays whole, without `chunk`.
 * Each part carries the `total`, so that a client finds it on the last one.
 */
export function splitResult(result: unknown[], maxCount: number = DEFAULT_CHUNK_COUNT): ResultPart[] {
  if (result.length <= maxCount) return [{ result }]
  const parts: ResultPart[] = []
  for (let start = 0; start < result.length; start += maxCount) {
    const chunk = { index: parts.length + 1, final: start + maxCount >= result.length }
    parts.push({ result: withTotalOf(result, result.slice(start, start + maxCount)), chunk })
  }
  return parts
}

function withTotalOf(whole: unknown[], part: unknown[]): unknown[] {
  return 'total' in whole ? findResult(part, (whole as FindResult).total) : part
}

/** Puts the parts of chunked answers together, whatever order they come in. */
export class ChunkAssembler {
  readonly #waiting = new Map<Response['id'], { parts: Map<number, unknown[]>; last?: number }>()

  /** The whole response once its last part is there; a response without chunk is whole. */
  add(response: Response): Response | undefined {
    const { chunk, ...whole } = response
    if (chunk === undefined) return response
    const waiting = this.#waiting.get(response.id) ?? { parts: new Map<number, unknown[]>() }
    this.#waiting.set(response.id, waiting)
    waiting.parts.set(chunk.index, response.result as unknown[])
    if (chunk.final) waiting.last = chunk.index
    if (waiting.parts.size !== waiting.last) return undefined
    this.#waiting.delete(response.id)
    return { ...whole, result: join(waiting.parts, waiting.last) }
  }

  /** Documents received so far for a request. */
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
