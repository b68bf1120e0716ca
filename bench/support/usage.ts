import { setTimeout as wait } from 'node:timers/promises'

export interface Memory {
  /** Bytes. */
  rss: number
  heap: number
}

/** Collects garbage until the heap no longer shrinks. */
const COLLECTIONS = 4

/** Processor time of this process and its threads, in microseconds. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

export async function memoryInUse(): Promise<Memory> {
  for (let collection = 0; collection < COLLECTIONS; collection++) {
    globalThis.gc?.()
    await wait(20)
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, heap: heapUsed + external }
}
