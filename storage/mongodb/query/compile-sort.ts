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
 * The sort for the server; `undefined` if only the model can sort: by cases, by joined documents, or by fields with
 * arrays, objects, or text that servers sort differently.
 */
export function compileSort(keys: readonly SortKey[], context: SortContext): Sort | undefined {
  const { domain, prefix, mixedTypeFields } = context
  const sort = new Map<string, 1 | -1>()
  for (const { path, order, lookup, cases } of [...keys, byId]) {
    const field = fieldPath(path)
    const isPlain = lookup === undefined && cases === undefined && field !== undefined
    if (!isPlain || !mixedTypeFields.isSortable(domain, path)) return undefined
    // Of two keys for one field, the first one counts.
    if (!sort.has(prefix + field)) sort.set(prefix + field, order)
  }
  return sort
}

const byId: { path: Path; order: 1; lookup?: undefined; cases?: undefined } = { path: ['_id'], order: 1 }
