import type { Pending, Registered } from './running-worker.ts'
import type { ReadCall, ResultOfCall } from './worker-protocol.ts'

/** Sends calls to the thread that holds a snapshot. */
export type AskReader = <C extends ReadCall>(call: C) => Promise<ResultOfCall<C>>

/** The lane that has a read. */
export interface ReadPlace {
  /** The thread has ended the call. */
  ended: (read: PooledRead) => void
  /** The thread did not run the call. */
  revoked: (read: PooledRead) => void
  /** The read was settled after it had ended. */
  settled: () => void
  /** Sends calls to the thread that has the read. */
  asking: (read: PooledRead) => AskReader
}

export interface ReadParams {
  registered: Registered
  call: ReadCall
  /** When it was asked for, as `performance.now()`. */
  since: number
  /** The call needs what its thread holds. */
  isPinned: boolean
  /** The result is `{value, ask}`, as more calls may follow. */
  goesOn: boolean
  resolve: (value: never) => void
  reject: (error: Error) => void
}

/**
 * A read in the queue or in a lane. It is settled once, and may go on in its thread after that. It is what its thread
 * answers to, and has no closures: there is one for each read of a busy server.
 */
export class PooledRead implements Pending {
  readonly registered: Registered
  readonly call: ReadCall
  readonly since: number
  readonly isPinned: boolean
  readonly #goesOn: boolean
  /** The id in its lane, 0 while it has none, and the turn in which it was sent. */
  id = 0
  tick = 0
  /** When its thread was told to stop it; 0 if it was not. */
  stoppedAt = 0
  #place: ReadPlace | undefined
  #resolve: ((value: never) => void) | undefined
  #reject: ((error: Error) => void) | undefined

  constructor({ registered, call, since, isPinned, goesOn, resolve, reject }: ReadParams) {
    this.registered = registered
    this.call = call
    this.since = since
    this.isPinned = isPinned
    this.#goesOn = goesOn
    this.#resolve = resolve
    this.#reject = reject
  }

  get workspace(): number {
    return this.registered.workspace
  }

  get isSettled(): boolean {
    return this.#resolve === undefined
  }

  /** The read was sent to the thread of the lane. */
  sent(place: ReadPlace, id: number, tick: number): void {
    this.#place = place
    this.id = id
    this.tick = tick
  }

  /** The read waits for another lane. */
  returned(): void {
    this.#place = undefined
    this.id = 0
  }

  resolve(value: unknown): void {
    const place = this.#place
    place?.ended(this)
    const resolve = this.#resolve
    this.#forget()
    if (place !== undefined && this.#goesOn) resolve?.({ value, ask: place.asking(this) } as never)
    else resolve?.(value as never)
    place?.settled()
  }

  reject(error: Error): void {
    const place = this.#place
    place?.ended(this)
    this.fail(error)
    place?.settled()
  }

  revoked(): void {
    const place = this.#place
    place?.ended(this)
    place?.revoked(this)
    place?.settled()
  }

  /** Settles the read while its thread may go on with it. */
  fail(error: Error): void {
    const reject = this.#reject
    this.#forget()
    reject?.(error)
  }

  #forget(): void {
    this.#resolve = undefined
    this.#reject = undefined
  }
}
