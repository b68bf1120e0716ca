import { RoundRobin } from './round-robin.ts'
import { TimeShare } from './time-share.ts'

/** Milliseconds of work in one turn of the event loop before sockets are read again. */
const SLICE = 5

export interface TurnsOptions {
  /** Milliseconds. */
  slice?: number
  /** Milliseconds of a monotonic clock. */
  now?: () => number
  /** Calls back in the next turn of the event loop. */
  nextTurn?: (run: () => void) => void
}

/**
 * Shares the time of the event loop among workspaces, and within a workspace among its sessions. Work that finds the
 * slice of the turn used up waits, and is continued in later turns, between which sockets are read.
 */
export class Turns {
  /** Milliseconds of work in one turn. */
  readonly slice: number
  readonly #now: () => number
  readonly #nextTurn: (run: () => void) => void
  /** Messages that wait to be handled. */
  readonly #messages: TimeShare<() => void>
  /** Long work that waits to go on. */
  readonly #paused = new RoundRobin<() => void>()
  /** When the slice of this turn began; `undefined` before its first work. */
  #began: number | undefined
  #isArmed = false

  constructor({ slice = SLICE, now = () => performance.now(), nextTurn = setImmediate }: TurnsOptions = {}) {
    this.slice = slice
    this.#now = now
    this.#nextTurn = nextTurn
    this.#messages = new TimeShare(now)
  }

  /** Messages and long work that wait. */
  get waiting(): number {
    return this.#messages.size + this.#paused.size
  }

  /** Whether the work of this turn has used its slice. */
  get isOver(): boolean {
    const now = this.#now()
    if (this.#began === undefined) {
      this.#began = now
      this.#arm()
    }
    return now - this.#began >= this.slice
  }

  /** Whether a message may be handled now: none waits, and the turn has time left. */
  get isFree(): boolean {
    return this.#messages.size === 0 && !this.isOver
  }

  /** Runs in a later turn, after the work of the session that waits already. */
  add(workspace: string, session: object, work: () => void): void {
    this.#messages.add(workspace, session, work)
    this.#arm()
  }

  /** Removes the work of a session that waits. */
  forget(workspace: string, session: object): void {
    this.#messages.remove(workspace, session)
  }

  /** Long work calls this between two steps. Resolves when it may go on; `undefined`: at once. */
  pause(workspace: string): Promise<void> | undefined {
    if (!this.isOver) return undefined
    return new Promise((resolve) => {
      this.#paused.add(workspace, undefined, resolve)
      this.#arm()
    })
  }

  #arm(): void {
    if (this.#isArmed) return
    this.#isArmed = true
    this.#nextTurn(this.#turn)
  }

  readonly #turn = (): void => {
    this.#isArmed = false
    this.#began = undefined
    while (this.#messages.size > 0 && !this.isOver) this.#messages.run((work) => work())
    // Only one: what it does, it does after this function has returned. It has a slice of its own.
    const resume = this.#paused.take()
    if (resume !== undefined) this.#began = undefined
    resume?.()
    if (this.waiting > 0) this.#arm()
  }
}
