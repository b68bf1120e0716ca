import type { Sort } from 'mongodb'
import type { Path, SortKey } from '../../../model/query/plan.ts'
import type { Domain } from '../../../model/documents.ts'
import { fieldPath } from '../driver/escape.ts'
import type { MixedTypeFields } from './mixed-type-fields.ts'

export interface SortContext {
  domain: Domain
  prefix: string
  mixedTypeFields: MixedTypeFields
}

/**
 * The order as the server's own; `undefined` where only the model tells it: by cases, by joined documents, and by
 * fields some of whose values are arrays, objects or text that servers order differently.
 */
export function compileSort(keys: readonly SortKey[], context: SortContext): Sort | undefined {
  const { domain, prefix, mixedTypeFields } = context
  const sort = new Map<string, 1 | -1>()
  for (const { path, order, lookup, cases } of [...keys, byId]) {
    const field = fieldPath(path)
    const isPlain = lookup === undefined && cases === undefined && field !== undefined
    if (!isPlain || !mixedTypeFields.isSortable(domain, path)) return undefined
    // The first of two keys for one field decides.
    if (!sort.has(prefix + field)) sort.set(prefix + field, order)
  }
  return sort
}

const byId: { path: Path; order: 1; lookup?: undefined; cases?: undefined } = { path: ['_id'], order: 1 }
