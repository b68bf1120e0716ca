/**
 * The promise's outcome; fails when it takes longer, or when `stop` is aborted first. Leaves no timer. What is made
 * may ask for a signal of the same: to make one costs more than most runs take.
 */
export async function inTime<T>(
  make: (signal: () => AbortSignal) => T | Promise<T>,
  milliseconds: number,
  stop?: AbortSignal,
): Promise<T> {
  stop?.throwIfAborted()
  const ending = new Ending()
  const stopped = (): void => ending.end(stop?.reason as Error)
  const timer = setTimeout(() => {
    ending.end(new Error(`it took longer than ${milliseconds} ms`))
  }, milliseconds).unref()
  stop?.addEventListener('abort', stopped, { once: true })
  try {
    return await Promise.race([make(() => ending.signal), ending.promise])
  } finally {
    clearTimeout(timer)
    stop?.removeEventListener('abort', stopped)
  }
}

class Ending {
  readonly promise: Promise<never>
  #reject!: (reason: Error) => void
  #reason: Error | undefined
  #controller: AbortController | undefined

  constructor() {
    this.promise = new Promise((_resolve, reject) => (this.#reject = reject))
    // It may end before it is raced.
    this.promise.catch(() => undefined)
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  end(reason: Error): void {
    this.#reason ??= reason
    this.#controller?.abort(this.#reason)
    this.#reject(this.#reason)
  }
}
