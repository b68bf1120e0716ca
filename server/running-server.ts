import type { Logger } from '../pipeline/shared/logger.ts'
import type { Flags } from './configuration/configuration.ts'
import type { Reread } from './configuration/reread.ts'
import type { Inspection } from './core.ts'
import type { MemoryUse } from './memory/memory-budget.ts'
import type { Scheduler } from './time/timer-wheel.ts'

export interface ServerOverrides {
  scheduler?: Scheduler
  logger?: Logger
  /** What the process uses of its memory. */
  memoryUse?: () => MemoryUse
  /** An administrator's `reboot`: the process should end. */
  reboot?: () => void
  /** Attributes errors that nobody caught to the modules that they come from. */
  takeStrayErrors?: (logger: Logger) => void
  /** Aborts a start that waits. */
  signal?: AbortSignal
  /**
   * Locks the data folder for this process.
   * @returns a function that releases the lock
   * @throws Error when another process holds it
   */
  lockData?: (data: string) => Promise<() => Promise<void>>
}

/** A server that accepts connections. */
export interface RunningServer {
  /** `http://HOST:PORT`, or `https://…` */
  readonly url: string
  /** Where metrics are. */
  readonly metricsUrl: string
  readonly port: number
  /** Whether this start has filled the demo. */
  readonly demoFilled: boolean
  /** Counts of what the server keeps, to find leaks. */
  inspect: () => Inspection
  /**
   * Applies changed options that need no restart, and the secret where it is stored in a file. A wrong value leaves the
   * option unchanged.
   */
  reread: (env: NodeJS.ProcessEnv, flags: Flags) => Promise<Reread>
  /** Admits nobody, finishes running requests, closes everything. Idempotent, bounded in time. */
  stop: () => Promise<void>
}
