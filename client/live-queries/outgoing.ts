import { deepCopy } from '../../model/copies.ts'
import { takeTransaction } from '../../model/take-transaction.ts'
import { takeParams, takeQuery } from '../../protocol/take-params.ts'
import type { QueryRequest } from './query-source.ts'

/*
 * Validates and copies the arguments of the application. Encoders would convert values that are not JSON without an
 * error; the application may change its objects after the call.
 */

/** @throws StatusError `core:status:InvalidTransaction` that names the path of an invalid value */
export function outgoingTransaction<T extends object>(tx: T): T {
  return deepCopy(takeTransaction(tx))
}

/** @throws StatusError `core:status:InvalidTransaction`, with the path in the transaction */
export function outgoingFields<T extends object>(name: string, fields: T): T {
  const taken = takeTransaction({ [name]: fields })
  // `takeTransaction` returns the same members.
  return deepCopy(taken[name] as T)
}

/** @throws StatusError `core:status:InvalidQuery` that names the path of an invalid value */
export function outgoingQuery({ _class, query, options }: QueryRequest): QueryRequest {
  const [ownClass, ownQuery, ownOptions] = takeQuery([_class, query, options])
  // `takeQuery` returns its params in order.
  return deepCopy({ _class: ownClass, query: ownQuery, options: ownOptions } as QueryRequest)
}

/** @throws StatusError as above; `platform:status:BadRequest` for methods that neither find nor commit */
export function outgoingParams(method: string, params: readonly unknown[]): unknown[] {
  if (method === 'tx') return [deepCopy(takeTransaction(params[0])), ...deepCopy(takeParams(params.slice(1)))]
  return deepCopy(finds.has(method) ? takeQuery(params) : takeParams(params))
}

const finds: ReadonlySet<string> = new Set(['findAll', 'query'])
