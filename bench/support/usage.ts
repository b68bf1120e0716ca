import { setTimeout as wait } from 'node:timers/promises'

export interface Memory {
  /** Bytes. */
  rss: number
  heap: number
}

/** Collections until what is left is what is used. */
const COLLECTIONS = 4

/** Microseconds of processor time this process and its threads have used. */
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
