import { asksForIllFormedId } from '../model/ill-formed-id.ts'
import { isFields, takeValue, ValueFlaw } from '../model/json-value.ts'
import { invalidQuery } from '../model/query/invalid-query.ts'
import { StatusError } from '../model/status.ts'
import { ENVELOPE_DEPTH } from '../model/take-transaction.ts'

/**
 * Normalizes the params of a method. `undefined` params count as omitted. A document may be nested as deeply in them
 * as in a transaction, because params restore logs.
 * @throws StatusError `platform:status:BadRequest` with the path of a value that JSON cannot represent
 */
export function takeParams(params: readonly unknown[]): unknown[] {
  try {
    return params.map(takeParam)
  } catch (error) {
    if (!(error instanceof ValueFlaw)) throw error
    const message = `params.${error.path}: ${error.message}`
    throw new StatusError('platform:status:BadRequest', { message })
  }
}

/**
 * Normalizes the params of a find: class, query and options.
 * @throws StatusError `core:status:InvalidQuery` with the path of a value that JSON cannot represent
 */
export function takeQuery(params: readonly unknown[]): unknown[] {
  try {
    const query = params[1]
    if (isFields(query) && asksForIllFormedId(query))
      throw new ValueFlaw('half of a surrogate pair in an id').within('_id')
    return params.slice(0, 3).map((param) => takeValue(param, -ENVELOPE_DEPTH))
  } catch (error) {
    if (error instanceof ValueFlaw) throw invalidQuery(error.message, placeOf(error))
    throw error
  }
}

function takeParam(param: unknown, at: number): unknown {
  try {
    return takeValue(param, -ENVELOPE_DEPTH)
  } catch (error) {
    throw error instanceof ValueFlaw ? error.within(at) : error
  }
}

function placeOf({ path }: ValueFlaw): { field?: string } {
  return path === '' ? {} : { field: path }
}
