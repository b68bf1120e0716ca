/** Calls back once after some milliseconds. Returns a function that cancels it. */
type Schedule = (milliseconds: number, task: () => void) => () => void

export interface TimeoutOptions {
  milliseconds: number
  /** What is done, for the error: `opening workspace demo`. */
  what?: string
  /** Ends the wait early, with its reason as the error. */
  stop?: AbortSignal | undefined
  /** The timer: the platform's own, which keeps no process alive, unless given. */
  schedule?: Schedule
}

/**
 * The outcome of the work. Fails when it takes longer, or when `stop` is aborted first. Leaves no timer.
 * Work that is a function gets its signal on request: to make one costs more than most work takes.
 *
 * @throws Error that names what took too long; the reason of `stop`
 */
export async function withTimeout<T>(
  work: Promise<T> | ((signal: () => AbortSignal) => T | Promise<T>),
  { milliseconds, what = 'it', stop, schedule = realTime }: TimeoutOptions,
): Promise<T> {
  stop?.throwIfAborted()
  const ending = new Ending()
  const stopped = (): void => ending.end(stop?.reason)
  const cancel = schedule(milliseconds, () => {
    ending.end(new Error(`${what} took longer than ${milliseconds} ms`))
  })
  stop?.addEventListener('abort', stopped, { once: true })
  try {
    const outcome = typeof work === 'function' ? work(() => ending.signal) : work
    return await Promise.race([outcome, ending.promise])
  } finally {
    cancel()
    stop?.removeEventListener('abort', stopped)
  }
}

const realTime: Schedule = (milliseconds, task) => {
  const timer = setTimeout(task, milliseconds).unref()
  return () => clearTimeout(timer)
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
