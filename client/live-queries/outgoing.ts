import { takeTransaction } from '../../model/take-transaction.ts'
import { takeParams, takeQuery } from '../../protocol/take-params.ts'
import { deepCopy } from '../runtime/copies.ts'
import type { QueryRequest } from './query-source.ts'

/*
 * What the application hands over to be sent: the client's own copy of it, of values as they are taken in everywhere. What is no
 * value is refused before it is sent, as encoders would make something else of it in silence.
 */

/** @throws StatusError `core:status:InvalidTransaction` that names the place of what is no value */
export function outgoingTransaction<T extends object>(tx: T): T {
  return deepCopy(takeTransaction(tx))
}

/** @throws StatusError `core:status:InvalidTransaction` as above, the place within a transaction */
export function outgoingFields<T extends object>(name: string, fields: T): T {
  const taken = takeTransaction({ [name]: fields })
  return deepCopy(taken[name] as T)
}

/** @throws StatusError `core:status:InvalidQuery` that names the place of what is no value */
export function outgoingQuery({ _class, query, options }: QueryRequest): QueryRequest {
  return deepCopy(requestOf(takeQuery([_class, query, options])))
}

/** @throws StatusError as above; for methods that do not find, `platform:status:BadRequest` */
export function outgoingParams(method: string, params: readonly unknown[]): unknown[] {
  if (method === 'tx') return [deepCopy(takeTransaction(params[0])), ...deepCopy(takeParams(params.slice(1)))]
  return deepCopy(finds.has(method) ? takeQuery(params) : takeParams(params))
}

const finds: ReadonlySet<string> = new Set(['findAll', 'query'])

function requestOf([_class, query, options]: readonly unknown[]): QueryRequest {
  return { _class, query, options } as QueryRequest
}
