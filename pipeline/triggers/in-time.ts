/**
 * The promise's outcome; fails when it takes longer, or when `stop` is aborted first. What is made gets a signal
 * of the same. Leaves no timer.
 */
export async function inTime<T>(
  make: (signal: AbortSignal) => T | Promise<T>,
  milliseconds: number,
  stop?: AbortSignal,
): Promise<T> {
  const controller = new AbortController()
  const { signal } = controller
  const stopped = (): void => controller.abort(stop?.reason)
  const timer = setTimeout(() => {
    controller.abort(new Error(`it took longer than ${milliseconds} ms`))
  }, milliseconds).unref()
  try {
    if (stop?.aborted === true) stopped()
    stop?.addEventListener('abort', stopped, { once: true })
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
    signal.throwIfAborted()
    return await Promise.race([make(signal), aborted])
  } finally {
    clearTimeout(timer)
    stop?.removeEventListener('abort', stopped)
  }
}
