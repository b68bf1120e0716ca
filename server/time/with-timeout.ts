import type { Cancel } from './timer-wheel.ts'

/** Calls back once after some milliseconds. */
type Schedule = (milliseconds: number, task: () => void) => Cancel

/** The promise's outcome, or an error that names what took too long. Leaves no timer. */
export async function withTimeout<T>(
  promise: Promise<T>,
  milliseconds: number,
  what: string,
  schedule: Schedule = realTime,
): Promise<T> {
  let cancel: Cancel = () => undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    const late = (): void => reject(new Error(`${what} took longer than ${milliseconds} ms`))
    cancel = schedule(milliseconds, late)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    cancel()
  }
}

const realTime: Schedule = (milliseconds, task) => {
  const timer = setTimeout(task, milliseconds).unref()
  return () => clearTimeout(timer)
}
