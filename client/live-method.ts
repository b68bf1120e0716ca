import { StatusError } from '../model/status.ts'
import type { Clock } from './runtime/environment.ts'
import { ClientError } from './runtime/errors.ts'
import { isTransient } from './runtime/is-transient.ts'

/** Milliseconds until a method is called again whose server does not run it now. */
const WAIT = 1000

export interface LiveMethodOptions<T> {
  /** Calls the method. */
  stream: () => AsyncIterableIterator<T>
  result: (result: T) => void
  /** Called once, at the end. */
  error: (error: unknown) => void
  clock: Clock
}

/** Follows the results of a live method, over as many connections as it takes. */
export class LiveMethod<T> {
  readonly #options: LiveMethodOptions<T>
  #values: AsyncIterableIterator<T> | undefined
  #isOver = false

  constructor(options: LiveMethodOptions<T>) {
    this.#options = options
    void this.#follow()
  }

  /** Idempotent. */
  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    void this.#values?.return?.()
  }

  async #follow(): Promise<void> {
    while (!this.#isOver) {
      try {
        this.#values = this.#options.stream()
        for await (const value of this.#values) if (!this.#isOver) this.#options.result(value)
        return
      } catch (error) {
        if (this.#isOver) return
        // Such a method only reads: it can be called again.
        if (isLost(error)) continue
        if (isStopped(error)) await this.#wait()
        else this.#fail(error)
      }
    }
  }

  #fail(error: unknown): void {
    this.#isOver = true
    this.#options.error(error)
  }

  async #wait(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#options.clock.schedule(WAIT, resolve)
    })
  }
}

/** The server stops, closes the workspace, or has too many streams. */
function isStopped(error: unknown): boolean {
  const code = error instanceof StatusError ? error.status.code : undefined
  return code === 'platform:status:Cancelled' || isTransient(error)
}

/** Whether the connection was lost, rather than the client ended. */
function isLost(error: unknown): boolean {
  return error instanceof ClientError && error.code === 'uncertain' && error.cause === undefined
}
