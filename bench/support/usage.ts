import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'

export interface Memory {
  /** Bytes. */
  rss: number
  heap: number
}

/** The worst of a process for a while. */
export interface Watched {
  /** Bytes. */
  peak: number
  /** The longest delay of the event loop, in milliseconds. */
  delay: number
  /**
   * Processor time of the event loop between two timers, at most, in milliseconds: unlike the delay, it does not grow
   * while other processes have the machine. NaN where the system does not tell.
   */
  busy: number
}

/** Milliseconds between two looks at a watched process. */
const LOOK = 10

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

/** Returns a function that tells the worst since its last call. */
export function watchProcess(): () => Watched {
  const delays = monitorEventLoopDelay({ resolution: LOOK })
  delays.enable()
  let [peak, busy, spent] = [0, 0, mainThreadTime()]
  const look = () => {
    const now = mainThreadTime()
    peak = Math.max(peak, process.memoryUsage.rss())
    busy = Math.max(busy, now - spent)
    spent = now
  }
  setInterval(look, LOOK).unref()
  return () => {
    look()
    const seen = { peak, busy, delay: Math.max(0, delays.max / 1e6 - LOOK) }
    delays.reset()
    peak = busy = 0
    return seen
  }
}

/** Processor time of the main thread, in milliseconds. */
function mainThreadTime(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6
  } catch {
    return Number.NaN
  }
}
