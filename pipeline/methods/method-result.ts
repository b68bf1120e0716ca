import { deepCopy } from '../../model/copies.ts'
import { takeValue, ValueFlaw } from '../../model/json-value.ts'
import { messageOf } from '../../model/error-details.ts'
import { StatusError } from '../../model/status.ts'
import { ENVELOPE_DEPTH } from '../../model/take-transaction.ts'

/**
 * The result of a method as JSON represents it, in both encodings. Omitted fields are dropped; no result is `null`.
 * @throws StatusError InvalidResult with the path of a value that JSON cannot represent
 */
export function takeResult(method: string, result: unknown): unknown {
  try {
    const taken: unknown = takeValue(result, -ENVELOPE_DEPTH) ?? null
    // The module may change what it returned, and the result may be returned again.
    return withTotalOf(result, deepCopy(taken))
  } catch (error) {
    const isFlaw = error instanceof ValueFlaw
    const place = isFlaw && error.path !== '' ? { field: error.path } : {}
    // A getter or a proxy may throw anything.
    const message = isFlaw ? error.message : `it cannot be read: ${messageOf(error)}`
    const params = { method, ...place, message }
    throw new StatusError('platform:status:InvalidResult', params, { cause: error })
  }
}

/** The result of a find has a total beside its documents. */
function withTotalOf(result: unknown, taken: unknown): unknown {
  if (!Array.isArray(result) || !Array.isArray(taken) || !('total' in result)) return taken
  return Object.assign(taken, { total: result.total })
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
