import { type Cancel, type Clock, LONGEST_TIMER } from './environment.ts'
import { ClientError } from './errors.ts'

/** How long a caller waits. */
export interface WaitOptions {
  /** Milliseconds until the call is given up; it waits for as long as it takes when left out. */
  timeout?: number
  /** Gives the call up. */
  signal?: AbortSignal
}

/** How long one call waits, over all of its steps: until its time is over, its signal, or the end of its client. */
export class Deadline {
  readonly #listeners = new Set<(reason: unknown) => void>()
  readonly #cancels: Cancel[] = []
  #over: { reason: unknown } | undefined

  /** @param what names the call in the error */
  constructor(clock: Clock, { timeout, signal }: WaitOptions, what: string) {
    if (signal?.aborted === true) this.end(signal.reason)
    if (this.#over !== undefined) return
    if (signal !== undefined) {
      const abort = () => this.end(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      this.#cancels.push(() => signal.removeEventListener('abort', abort))
    }
    if (timeout === undefined || timeout > LONGEST_TIMER) return
    const late = () => this.end(new ClientError('timeout', `no answer to ${what} within ${timeout} ms`))
    // What is no time is over.
    this.#cancels.push(clock.schedule(timeout > 0 ? timeout : 0, late))
  }

  /** Called once with the reason when it is over; at once where it is already. */
  onOver(listener: (reason: unknown) => void): Cancel {
    if (this.#over !== undefined) listener(this.#over.reason)
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** It is over, for this reason unless there was one before. */
  end(reason: unknown): void {
    if (this.#over !== undefined) return
    this.#over = { reason }
    this.release()
    for (const listener of this.#listeners) listener(reason)
    this.#listeners.clear()
  }

  /** Leaves no timer behind. */
  release(): void {
    for (const cancel of this.#cancels.splice(0)) cancel()
  }

  /** The promise's outcome, unless it is over before. @throws the reason */
  async race<T>(promise: Promise<T>): Promise<T> {
    let cancel: Cancel = () => undefined
    const over = new Promise<never>((_resolve, reject) => {
      cancel = this.onOver(reject)
    })
    try {
      return await Promise.race([promise, over])
    } finally {
      cancel()
    }
  }
}

/** All calls of a client that somebody waits for: none outlives it. */
export class PendingCalls {
  readonly #clock: Clock
  readonly #open = new Set<Deadline>()
  #ended: ClientError | undefined
  /** Why nothing is to be waited for, until the client is restarted. */
  #refusal: ClientError | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Runs a call of so much patience. */
  async during<T>(
    what: string,
    options: WaitOptions | undefined,
    run: (patience: Deadline) => Promise<T>,
  ): Promise<T> {
    const patience = new Deadline(this.#clock, options ?? {}, what)
    const reason = this.#ended ?? this.#refusal
    if (reason !== undefined) patience.end(reason)
    this.#open.add(patience)
    try {
      return await run(patience)
    } finally {
      patience.release()
      this.#open.delete(patience)
    }
  }

  /** Ends the calls there are, and those to come until `allow`. */
  refuse(reason: ClientError): void {
    this.#refusal = reason
    for (const patience of this.#open) patience.end(reason)
  }

  allow(): void {
    this.#refusal = undefined
  }

  /** Ends the calls there are, and all to come. */
  end(reason: ClientError): void {
    this.#ended = reason
    for (const patience of this.#open) patience.end(reason)
  }
}
