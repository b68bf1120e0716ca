import type { Response } from '../../protocol/messages.ts'
import { WorkspaceEvent } from '../../model/transactions.ts'
import { workspaceEvent } from '../../pipeline/push/workspace-event.ts'
import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'

const MINUTE = 60_000

/** Announces maintenance: to all sessions at once and every minute, and to each session that enters. */
export class Maintenance {
  readonly #wheel: TimerWheel
  readonly #now: () => number
  readonly #monotonic: () => number
  readonly #tell: (warning: Response) => void
  readonly #generateId: () => string
  #scheduled: { at: number; message: string | undefined; done: (() => void) | undefined } | undefined
  #cancel: Cancel = () => undefined

  constructor(options: {
    wheel: TimerWheel
    now: () => number
    monotonic: () => number
    /** Sends the warning to every session. */
    tell: (warning: Response) => void
    generateId: () => string
  }) {
    this.#wheel = options.wheel
    this.#now = options.now
    this.#monotonic = options.monotonic
    this.#tell = options.tell
    this.#generateId = options.generateId
  }

  /** Replaces an earlier announcement. `done` is called at the end of the time. */
  schedule(minutes: number, message?: string, done?: () => void): void {
    this.#cancel()
    this.#scheduled = { at: this.#monotonic() + minutes * MINUTE, message, done }
    this.#tick()
  }

  cancel(): void {
    this.#cancel()
    this.#scheduled = undefined
  }

  /** The warning for a session that enters; `undefined` without an announcement. */
  warning(): Response | undefined {
    if (this.#scheduled === undefined) return undefined
    const { at, message } = this.#scheduled
    const timeMinutes = Math.max(0, Math.ceil((at - this.#monotonic()) / MINUTE))
    const params = message === undefined ? { timeMinutes } : { timeMinutes, message }
    const sources = { generateId: this.#generateId, now: this.#now }
    return { result: workspaceEvent(sources, WorkspaceEvent.MaintenanceNotification, params) }
  }

  #tick(): void {
    const scheduled = this.#scheduled
    if (scheduled === undefined) return
    const left = scheduled.at - this.#monotonic()
    if (left <= 0) {
      this.#scheduled = undefined
      scheduled.done?.()
      return
    }
    const warning = this.warning()
    if (warning !== undefined) this.#tell(warning)
    this.#cancel = this.#wheel.schedule(Math.min(MINUTE, left), () => this.#tick())
  }
}
