import { inspect } from 'node:util'
import { currentRun, type ModuleRun } from '../../pipeline/modules/run-in-module.ts'
import { takeError } from '../../pipeline/modules/thrown.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'

/** What the handlers need of a process. */
export type GuardedProcess = Pick<NodeJS.Process, 'on'> & {
  stderr: { write: (text: string) => unknown }
  exit: (code: number) => void
}

/**
 * From now on, rejections and exceptions that nobody caught fail the run of the module that they come from. Any other
 * ends the process, as it does without handlers.
 */
export function takeStrayErrors(logger: Logger, guarded: GuardedProcess = process): void {
  const take = (error: unknown, what: string): void => {
    const run = currentRun()
    if (run === undefined) end(error, guarded)
    else report(run, error, { logger, what })
  }
  // Node calls both with the context of the promise, timer or callback, but for microtasks.
  guarded.on('unhandledRejection', (reason) => take(reason, 'a rejection'))
  guarded.on('uncaughtException', (error) => take(error, 'an exception'))
  guardMicrotasks((error, run) => report(run, error, { logger, what: 'an exception' }))
}

function report(run: ModuleRun, thrown: unknown, { logger, what }: { logger: Logger; what: string }): void {
  const error = takeError(thrown)
  const outcome = run.take(error) ? 'the run fails' : 'the run had ended'
  logger.error({ ...run.origin, err: error }, `a module left ${what} to nobody: ${outcome}`)
}

/** As Node itself. */
function end(error: unknown, { stderr, exit }: GuardedProcess): void {
  stderr.write(`${error instanceof Error ? error.stack : `Uncaught ${inspect(error)}`}\n`)
  exit(1)
}

/** Node reports the exception of a microtask after it has left the context. */
function guardMicrotasks(take: (error: unknown, run: ModuleRun) => void): void {
  const queue = globalThis.queueMicrotask
  globalThis.queueMicrotask = (callback) => {
    const run = currentRun()
    if (run === undefined || typeof callback !== 'function') return queue(callback)
    queue(() => {
      try {
        callback()
      } catch (error) {
        take(error, run)
      }
    })
  }
}
