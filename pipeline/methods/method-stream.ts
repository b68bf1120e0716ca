import { takeResult } from './method-result.ts'
import { unlessAborted } from './place-queue.ts'

/** The values that a method returns one after another. */
export class MethodStream {
  readonly #method: string
  readonly #values: AsyncIterator<unknown>
  readonly #signal: AbortSignal
  readonly #ended: () => void
  #isOver = false

  /** @param ended called once, at the end or when the stream is closed */
  constructor(options: {
    method: string
    iterable: AsyncIterable<unknown>
    signal: AbortSignal
    ended: () => void
  }) {
    this.#method = options.method
    this.#signal = options.signal
    this.#ended = options.ended
    this.#values = options.iterable[Symbol.asyncIterator]()
  }

  /**
   * The next value, as JSON represents it. Call it again after it has settled.
   * @throws the error of the method; StatusError Timeout, Cancelled or InvalidResult
   */
  async next(): Promise<{ done: boolean; value?: unknown }> {
    if (this.#isOver) return { done: true }
    try {
      const { done = false, value } = await unlessAborted(this.#values.next(), this.#signal)
      if (!done) return { done, value: takeResult(this.#method, value) }
      this.#over()
      return { done }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Ends the iterator of the method. Idempotent. */
  close(): void {
    if (this.#isOver) return
    this.#over()
    // An iterator that waits ends when that is over; the signal has told it to.
    void Promise.resolve(this.#values.return?.()).catch(() => undefined)
  }

  #over(): void {
    this.#isOver = true
    this.#ended()
  }
}
