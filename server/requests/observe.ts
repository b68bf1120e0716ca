import type { Call, RequestLink } from './call.ts'

/** Counts the request, measures how long it takes, and reports it when that is long. */
export const observe: RequestLink = (next, { metrics, performanceNow, slowRequests }) => {
  const succeeded = ({ request, session: { measures } }: Call, started: number): void => {
    const spent = performanceNow() - started
    metrics.answered(request.method, spent / 1000)
    if (measures.size > 0) for (const [operation, sum] of measures) measures.set(operation, sum + spent)
  }
  const observed = async (call: Call, started: number, promise: Promise<unknown>): Promise<unknown> => {
    const done = slowRequests.started(call.session, call.request)
    try {
      const result = await promise
      succeeded(call, started)
      return result
    } finally {
      done()
    }
  }
  return (call) => {
    const { method, session } = call
    const started = performanceNow()
    if (method !== undefined && method.kind !== 'other') session.statistics.count(method.kind)
    const result = next(call)
    if (result instanceof Promise) return observed(call, started, result)
    succeeded(call, started)
    return result
  }
}
