import type { ClientLogger } from './client-logger.ts'

/** Receives errors that the caller cannot handle. */
export type Report = (error: unknown) => void

/** Calls code of the application, and reports what it throws or its promise is rejected with. Never throws. */
export function callSafely(report: Report, call: () => unknown): void {
  try {
    const returned = call()
    if (isThenable(returned)) Promise.resolve(returned).catch(report)
  } catch (error) {
    report(error)
  }
}

/** A logger that never throws: errors of the application's own logger are ignored, as nothing is left to report them to. */
export function safeLogger(logger: ClientLogger): ClientLogger {
  const ignore = () => undefined
  return {
    debug: (message, fields) => callSafely(ignore, () => logger.debug(message, fields)),
    warn: (message, fields) => callSafely(ignore, () => logger.warn(message, fields)),
  }
}

/** Throws the error as an uncaught one. */
export const throwLater: Report = (error) =>
  queueMicrotask(() => {
    throw error
  })

function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return isObject && 'then' in value && typeof value.then === 'function'
}
