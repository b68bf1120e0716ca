import { type Cancel, type Clock, LONGEST_TIMER } from './environment.ts'
import { ClientError } from './errors.ts'

/** Limits how long a call may take. */
export interface WaitOptions {
  /** Milliseconds after which the call is rejected. Default: no limit. */
  timeout?: number
  /** Rejects the call with the signal's reason when it is aborted. */
  signal?: AbortSignal
}

/** The end of one call, over all of its steps: its timeout, its signal, or the end of its client. */
export class Deadline {
  readonly #listeners = new Set<(reason: unknown) => void>()
  readonly #cancels: Cancel[] = []
  #expired: { reason: unknown } | undefined

  /** @param call its name, for the error message */
  constructor(clock: Clock, { timeout, signal }: WaitOptions, call: string) {
    if (signal?.aborted === true) this.expire(signal.reason)
    if (this.#expired !== undefined) return
    if (signal !== undefined) {
      const abort = () => this.expire(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      this.#cancels.push(() => signal.removeEventListener('abort', abort))
    }
    if (timeout === undefined || timeout > LONGEST_TIMER) return
    const late = () => this.expire(new ClientError('timeout', `no response to ${call} within ${timeout} ms`))
    // NaN and negative numbers expire at once.
    this.#cancels.push(clock.schedule(timeout > 0 ? timeout : 0, late))
  }

  /** Calls back once with the reason; synchronously when the deadline has expired before. */
  onExpired(listener: (reason: unknown) => void): Cancel {
    if (this.#expired !== undefined) listener(this.#expired.reason)
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The first reason counts. */
  expire(reason: unknown): void {
    if (this.#expired !== undefined) return
    this.#expired = { reason }
    this.release()
    for (const listener of this.#listeners) listener(reason)
    this.#listeners.clear()
  }

  /** Cancels the timer, and stops listening to the signal. */
  release(): void {
    for (const cancel of this.#cancels.splice(0)) cancel()
  }

  /** @throws the reason, if the deadline expires before the promise settles */
  async race<T>(promise: Promise<T>): Promise<T> {
    let cancel: Cancel = () => undefined
    const expired = new Promise<never>((_resolve, reject) => {
      cancel = this.onExpired(reject)
    })
    try {
      return await Promise.race([promise, expired])
    } finally {
      cancel()
    }
  }
}

/** The calls of a client that have not returned: none outlives the client. */
export class PendingCalls {
  readonly #clock: Clock
  readonly #deadlines = new Set<Deadline>()
  #ended: ClientError | undefined
  #refusal: ClientError | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Runs a call with a deadline. */
  async run<T>(
    call: string,
    options: WaitOptions | undefined,
    steps: (deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    const deadline = new Deadline(this.#clock, options ?? {}, call)
    const reason = this.#ended ?? this.#refusal
    if (reason !== undefined) deadline.expire(reason)
    this.#deadlines.add(deadline)
    try {
      return await steps(deadline)
    } finally {
      deadline.release()
      this.#deadlines.delete(deadline)
    }
  }

  /** Rejects all calls, and those to come until `allow`. */
  refuse(reason: ClientError): void {
    this.#refusal = reason
    this.#expireAll(reason)
  }

  allow(): void {
    this.#refusal = undefined
  }

  /** Rejects all calls, and all those to come. */
  end(reason: ClientError): void {
    this.#ended = reason
    this.#expireAll(reason)
  }

  #expireAll(reason: ClientError): void {
    for (const deadline of this.#deadlines) deadline.expire(reason)
  }
}
