import { AsyncLocalStorage } from 'node:async_hooks'
import { takeError } from './thrown.ts'

/** Which code of a module runs, where, and what for. It is logged with errors that nobody caught. */
export interface ModuleOrigin {
  module: string
  kind: 'sync trigger' | 'async trigger' | 'method' | 'migration' | 'job' | 'route' | 'schema' | 'start'
  /** Within its module. */
  name: string
  workspace?: string
  /** `_id` of the transaction that started it. */
  transaction?: string
  /** `_id` of the account that called it. */
  caller?: string
  /** `id` of the request that called it. */
  request?: string
}

const running = new AsyncLocalStorage<ModuleRun | undefined>()

/**
 * One run of a module's code. Whatever the code starts belongs to the run: promises, timers, sockets, listeners. An
 * error there that nobody catches fails the run, and nothing else.
 */
export class ModuleRun {
  readonly origin: ModuleOrigin
  #stray: { error: Error } | undefined
  #fail: ((error: Error) => void) | undefined
  #isOver = false

  constructor(origin: ModuleOrigin) {
    this.origin = origin
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /**
   * Calls the code. A promise that it returns rejects early with an error that nobody caught. A promise of a library may
   * begin its work when it is awaited, which belongs to the run too.
   * @throws what the code throws, as {@link takeError} returns it
   */
  start<R>(work: () => R): R {
    try {
      return running.run(this, () => {
        const result = work()
        // R is a promise.
        return isPromise(result) ? (this.#guarded(result) as R) : result
      })
    } catch (error) {
      throw takeError(error)
    }
  }

  /** Takes an error that nobody caught. @returns whether the run fails with it, because it was not over */
  take(error: Error): boolean {
    if (this.#isOver) return false
    this.#stray ??= { error }
    this.#fail?.(error)
    return true
  }

  /**
   * Ends the run: later errors are only logged. Node reports a rejection that nobody caught before the next turn of the
   * event loop, so a caller that waits that long knows of it.
   * @throws the first error that nobody caught
   */
  end(): void {
    this.#isOver = true
    if (this.#stray !== undefined) throw this.#stray.error
  }

  /** Ends the run, whatever became of it. */
  abandon(): void {
    this.#isOver = true
  }

  #guarded(result: PromiseLike<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#fail = reject
      const failed = (error: unknown) => reject(takeError(error))
      try {
        result.then(resolve, failed)
      } catch (error) {
        failed(error)
      }
    })
  }
}

/**
 * Runs code of a module. Errors that nobody catches reject the promise that it returns. After the run they are logged.
 * @example
 * await runInModule({ module: 'crm', kind: 'method', name: 'merge', workspace }, () => method.run(call, params))
 */
export function runInModule<R>(origin: ModuleOrigin, work: () => R): R {
  const run = new ModuleRun(origin)
  let result: R
  try {
    result = run.start(work)
  } catch (error) {
    run.abandon()
    throw error
  }
  if (!isPromise(result)) {
    run.abandon()
    return result
  }
  const end = () => run.abandon()
  result.then(end, end)
  return result
}

/** Runs code of the server that a module called: what it starts does not belong to the run. */
export function outsideModule<R>(work: () => R): R {
  return running.getStore() === undefined ? work() : running.run(undefined, work)
}

/** The run to which the current code belongs. */
export function currentRun(): ModuleRun | undefined {
  return running.getStore()
}

/** Not by `instanceof`: applications have promises of other classes and contexts. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
