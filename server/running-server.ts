import type { Logger } from '../pipeline/shared/logger.ts'
import type { Flags } from './configuration/configuration.ts'
import type { Reread } from './configuration/reread.ts'
import type { Inspection } from './core.ts'
import type { Scheduler } from './time/timer-wheel.ts'

export interface ServerOverrides {
  scheduler?: Scheduler
  logger?: Logger
  /** The process is asked to end: an administrator's `reboot`. */
  reboot?: () => void
  /** Ends a start that waits for something. */
  signal?: AbortSignal
  /**
   * Takes the data folder for this process alone.
   * @returns what gives it up
   * @throws Error when another one has it
   */
  lockData?: (data: string) => Promise<() => Promise<void>>
}

/** A server that takes connections. */
export interface RunningServer {
  /** `http://HOST:PORT` */
  readonly url: string
  readonly port: number
  /** What the first start made, for the person who started it. */
  readonly demoFilled: boolean
  /** What is kept of sessions and workspaces, for those who look for leaks. */
  inspect: () => Inspection
  /**
   * Takes in what is another value now, as far as that needs no restart, and the secret where it is kept in a file. What
   * is wrong stays as it was.
   */
  reread: (env: NodeJS.ProcessEnv, flags: Flags) => Promise<Reread>
  /** Lets nobody in, finishes what is under way, closes everything. Idempotent, bounded in time. */
  stop: () => Promise<void>
}
