import { AsyncResource } from 'node:async_hooks'

/** Calls the task once after a delay. Returns a function that cancels it. */
export type Schedule = (milliseconds: number, task: () => void) => () => void

export interface TimeoutOptions {
  milliseconds: number
  /** The name of the work, for the error: `opening workspace demo`. */
  what?: string
  /** Ends the wait early. The error is its reason. */
  stop?: AbortSignal | undefined
  /** The timer. By default that of the platform, which does not keep the process alive. */
  schedule?: Schedule
}

/**
 * Resolves with the result of the work. Rejects on a timeout or when `stop` aborts. Leaves no timer. A function gets
 * its signal on request: creating one costs more than most work.
 * @throws Error that names the work; the reason of `stop`
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

export const realTime: Schedule = (milliseconds, task) => {
  const timer = setTimeout(task, milliseconds).unref()
  return () => clearTimeout(timer)
}

class Ending {
  readonly promise: Promise<never>
  #reject!: (reason: Error) => void
  #reason: Error | undefined
  #controller: AbortController | undefined
  /** In the context of the work, to which errors of its listeners belong. */
  #abort: ((reason: Error | undefined) => void) | undefined

  constructor() {
    this.promise = new Promise((_resolve, reject) => (this.#reject = reject))
    // The promise may reject before it is awaited.
    this.promise.catch(() => undefined)
  }

  get signal(): AbortSignal {
    const controller = (this.#controller ??= new AbortController())
    this.#abort ??= AsyncResource.bind((reason) => controller.abort(reason))
    if (this.#reason !== undefined) this.#abort(this.#reason)
    return controller.signal
  }

  end(reason: Error): void {
    this.#reason ??= reason
    this.#abort?.(this.#reason)
    this.#reject(this.#reason)
  }
}
