import { totalmem } from 'node:os'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { MemoryUse } from './memory-budget.ts'

/** The part of the memory that the server uses by default; the rest is for the system, and for a burst. */
const PART = 0.8
/** The part of the heap's limit, at which V8 ends the process. */
const HEAP_PART = 0.85

/** Bytes that this process may use: of its container, or of the machine. */
export function defaultMemory(): number {
  // 0 or more than the machine has: there is no limit.
  const constrained = process.constrainedMemory()
  const available = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
  return Math.floor(available * PART)
}

export function memoryLimits(rss: number): MemoryUse {
  return { rss, heap: getHeapStatistics().heap_size_limit * HEAP_PART }
}

export function memoryUse(): MemoryUse {
  const { rss, heapUsed: heap } = process.memoryUsage()
  return { rss, heap }
}

let collect: (() => void) | undefined

/** Collects garbage. Node provides this with a flag only, which can be set at run time. */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    // The function is in contexts that are made from now on.
    collect = runInNewContext('gc') as () => void
  }
  collect()
}
