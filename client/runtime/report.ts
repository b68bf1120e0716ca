import type { ClientLogger } from './client-logger.ts'

/** Where an error goes that nobody here can do anything about. */
export type Report = (error: unknown) => void

/**
 * Calls code that is not the client's own. What it throws, and what a promise it returns is rejected with, is reported:
 * whoever calls it goes on.
 */
export function callSafely(report: Report, call: () => unknown): void {
  try {
    const returned = call()
    if (isThenable(returned)) Promise.resolve(returned).catch(report)
  } catch (error) {
    report(error)
  }
}

/** The logger of an application may fail too: there is nobody left to tell. */
export function safeLogger(logger: ClientLogger): ClientLogger {
  const ignore = () => undefined
  return {
    debug: (message, fields) => callSafely(ignore, () => logger.debug(message, fields)),
    warn: (message, fields) => callSafely(ignore, () => logger.warn(message, fields)),
  }
}

/** For code that has nobody to report to: as if it had failed on its own. */
export const throwLater: Report = (error) =>
  queueMicrotask(() => {
    throw error
  })

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
