import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'

/** Sessions that have ended within the window, by workspace: they may come back. */
export class ReconnectWindow {
  readonly #wheel: TimerWheel
  readonly #window: number
  readonly #recent = new Map<string, Map<string, Cancel>>()

  /** @param window milliseconds a session is remembered */
  constructor(wheel: TimerWheel, window: number) {
    this.#wheel = wheel
    this.#window = window
  }

  get size(): number {
    let size = 0
    for (const sessions of this.#recent.values()) size += sessions.size
    return size
  }

  remember(workspace: string, session: string): void {
    const sessions = this.#recent.get(workspace) ?? new Map<string, Cancel>()
    this.#recent.set(workspace, sessions)
    sessions.get(session)?.()
    sessions.set(
      session,
      this.#wheel.schedule(this.#window, () => this.take(workspace, session)),
    )
  }

  /** Forgets a session. @returns whether it was remembered */
  take(workspace: string, session: string): boolean {
    const sessions = this.#recent.get(workspace)
    const cancel = sessions?.get(session)
    if (sessions === undefined || cancel === undefined) return false
    cancel()
    sessions.delete(session)
    if (sessions.size === 0) this.#recent.delete(workspace)
    return true
  }

  /** The workspace was closed, so no session of it can resume. */
  forget(workspace: string): void {
    for (const cancel of this.#recent.get(workspace)?.values() ?? []) cancel()
    this.#recent.delete(workspace)
  }
}
