import type { Logger } from '../../pipeline/shared/logger.ts'
import type { BackgroundListener } from '../../pipeline/workspace/background.ts'
import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'
import type { WakeStore } from './wake-store.ts'

export interface WakeUpsOptions {
  store: WakeStore
  wheel: TimerWheel
  now: () => number
  logger: Logger
  /** Opens the workspace. It goes back to sleep when it has no work and no users. */
  open: (workspace: string) => Promise<void>
}

/** Workspaces that are opened for their work at once. */
const AT_ONCE = 4
/** Milliseconds until a workspace that was closed over its work is opened again. Clients of a force-close come first. */
const AFTER_CLOSE = 30_000
/** Milliseconds until an opening that failed is tried again. They double with each failure, up to the second number. */
const RETRY = { first: 60_000, longest: 3_600_000 } as const

/** Milliseconds after which a wait looks at the date again, which may have been set. */
const LOOK_AGAIN = 3_600_000

/**
 * Opens workspaces that have work although nobody is connected: those that were open when the process ended without
 * closing them, and those with work that is due later. The list is stored, so it survives the end of the process.
 */
export class WakeUps implements BackgroundListener {
  readonly #options: WakeUpsOptions
  readonly #timers = new Map<string, Cancel>()
  readonly #failures = new Map<string, number>()
  readonly #due = new Set<string>()
  /** Workspaces that are stored as open. */
  readonly #awake = new Set<string>()
  #opening = 0
  #isStopped = false

  constructor(options: WakeUpsOptions) {
    this.#options = options
  }

  /** Workspaces that are opened later. */
  get size(): number {
    return this.#timers.size + this.#due.size
  }

  /** Opens what is due, and waits for the rest. Never rejects. */
  async start(): Promise<void> {
    try {
      const wakes = await this.#options.store.read()
      for (const [workspace, at] of wakes) if (!this.#awake.has(workspace)) this.#wait(workspace, at)
    } catch (error) {
      const { logger, wheel } = this.#options
      logger.error({ err: error }, 'the list of workspaces with work could not be read and is read again')
      if (!this.#isStopped) wheel.schedule(RETRY.first, () => void this.start())
    }
  }

  async awake(workspace: string): Promise<void> {
    this.#forget(workspace)
    this.#awake.add(workspace)
    const { store, logger, now } = this.#options
    try {
      await store.set(workspace, now())
    } catch (error) {
      logger.warn({ err: error, workspace }, 'a workspace is not opened by itself if the server ends now')
    }
  }

  async asleep(workspace: string, at: number | undefined): Promise<void> {
    this.#awake.delete(workspace)
    const { store, logger, now } = this.#options
    const due = at === undefined || this.#isStopped ? at : Math.max(at, now() + AFTER_CLOSE)
    try {
      if (due === undefined) await store.remove(workspace)
      else await store.set(workspace, due)
    } catch (error) {
      // It stays on the list, so it is opened once too often.
      logger.warn({ err: error, workspace }, 'the next opening of a workspace could not be stored')
    }
    if (due !== undefined) this.#wait(workspace, due)
  }

  /** Opens no more workspaces. What is stored is opened by the next process. */
  stop(): void {
    this.#isStopped = true
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    this.#due.clear()
  }

  #forget(workspace: string): void {
    this.#timers.get(workspace)?.()
    this.#timers.delete(workspace)
    this.#due.delete(workspace)
  }

  #wait(workspace: string, at: number): void {
    if (this.#isStopped) return
    this.#forget(workspace)
    const { now, wheel } = this.#options
    const milliseconds = at - now()
    if (milliseconds <= 0) return this.#isDue(workspace)
    const again = wheel.schedule(Math.min(milliseconds, LOOK_AGAIN), () => this.#wait(workspace, at))
    this.#timers.set(workspace, again)
  }

  #isDue(workspace: string): void {
    this.#due.add(workspace)
    this.#openNext()
  }

  #openNext(): void {
    for (const workspace of this.#due) {
      if (this.#opening >= AT_ONCE) return
      this.#due.delete(workspace)
      this.#opening += 1
      void this.#open(workspace).finally(() => {
        this.#opening -= 1
        this.#openNext()
      })
    }
  }

  async #open(workspace: string): Promise<void> {
    const { logger, now, open } = this.#options
    try {
      await open(workspace)
      this.#failures.delete(workspace)
    } catch (error) {
      const failures = this.#failures.get(workspace) ?? 0
      this.#failures.set(workspace, failures + 1)
      const wait = Math.min(RETRY.longest, RETRY.first * 2 ** failures)
      logger.error({ err: error, workspace, wait }, 'a workspace with work did not open, and is opened later')
      this.#wait(workspace, now() + wait)
    }
  }
}
