import type { Registered } from './running-worker.ts'
import type { ReadCall, ResultOfCall } from './worker-protocol.ts'

/** Sends calls to the thread that holds a snapshot. */
export type AskReader = <C extends ReadCall>(call: C) => Promise<ResultOfCall<C>>

export interface ReadParams {
  registered: Registered
  call: ReadCall
  /** When it was asked for, as `performance.now()`. */
  since: number
  deadline: number
  /** The call needs what its thread holds. */
  isPinned: boolean
}

interface Settle {
  /** `ask` reaches the thread that ran the read. */
  resolve: (value: unknown, ask: () => AskReader) => void
  reject: (error: Error) => void
}

/** A read in the queue or in a lane. It is settled once, and may go on in its thread after that. */
export class PooledRead {
  readonly registered: Registered
  readonly call: ReadCall
  readonly deadline: number
  readonly isPinned: boolean
  /** The id in its lane, and the turn in which it was sent. */
  sent: { id: number; tick: number } | undefined
  /** When its thread was told to stop it. */
  stoppedAt: number | undefined
  readonly #since: number
  #settle: Settle | undefined

  constructor({ registered, call, since, deadline, isPinned }: ReadParams, settle: Settle) {
    this.registered = registered
    this.call = call
    this.#since = since
    this.deadline = deadline
    this.isPinned = isPinned
    this.#settle = settle
  }

  get workspace(): number {
    return this.registered.workspace
  }

  get isSettled(): boolean {
    return this.#settle === undefined
  }

  /** Seconds since it was asked for. */
  waited(): number {
    return (performance.now() - this.#since) / 1000
  }

  succeed(value: unknown, ask: () => AskReader): void {
    this.#settled()?.resolve(value, ask)
  }

  fail(error: Error): void {
    this.#settled()?.reject(error)
  }

  #settled(): Settle | undefined {
    const settle = this.#settle
    this.#settle = undefined
    return settle
  }
}
