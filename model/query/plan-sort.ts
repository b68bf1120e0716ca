import { isFields } from '../json-value.ts'
import { invalidQuery } from './invalid-query.ts'
import { parseField } from './parse-condition.ts'
import type { SortKey } from './plan.ts'
import type { CaseIndex } from './query.ts'
import type { QueryScope } from './query-scope.ts'
import { resolveKey, type KeyTarget } from './resolve-key.ts'

/** Maximum number of cases in all sort keys of a query. Each is tested with each document. */
export const MAX_SORT_CASES = 500
/** Maximum number of sort keys. */
export const MAX_SORT_KEYS = 32

/** The sort keys in order. A key may use a lookup, but not a nested one. */
export function planSort(sort: unknown, scope: QueryScope): SortKey[] {
  if (sort === undefined || sort === null) return []
  if (!isFields(sort)) throw invalidQuery('sort must be an object')
  const entries = Object.entries(sort).filter(([, value]) => value !== undefined)
  if (entries.length > MAX_SORT_KEYS) throw invalidQuery('too many sort keys', { limit: MAX_SORT_KEYS })
  if (casesIn(sort) > MAX_SORT_CASES) throw invalidQuery('too many sort cases', { limit: MAX_SORT_CASES })
  return entries.map(([key, value]) => planKey(key, value, scope))
}

function casesIn(sort: object): number {
  return Object.values(sort).reduce<number>((sum, value: unknown) => {
    const cases = isFields(value) ? value['cases'] : undefined
    return sum + (Array.isArray(cases) ? cases.length : 0)
  }, 0)
}

function planKey(key: string, value: unknown, scope: QueryScope): SortKey {
  scope.budget.spend(1)
  const target = resolveKey(key, scope)
  const [lookup, ...deeper] = target.names
  if (deeper.length > 0) throw invalidQuery('cannot sort by a nested lookup', { field: key.slice(0, 100) })
  const location = lookup === undefined ? { path: target.path } : { path: target.path, lookup }
  if (isOrder(value)) return { ...location, order: value }
  return { ...location, ...planCases(value, target, scope) }
}

function planCases(value: unknown, target: KeyTarget, scope: QueryScope): Omit<SortKey, 'path' | 'lookup'> {
  if (!isFields(value) || !isOrder(value['order']) || !Array.isArray(value['cases'])) throw wrongSort(target)
  const fallback = value['default'] ?? undefined
  if (fallback !== undefined && !isIndex(fallback)) throw wrongSort(target)
  const cases = value['cases'].map((item: unknown) => {
    if (!isFields(item) || !isIndex(item['index'])) throw wrongSort(target)
    const conditions = parseField(target.path, item['query'], scope.budget)
    return { condition: { op: 'all-of' as const, conditions }, index: item['index'] }
  })
  return { order: value['order'], cases, default: fallback }
}

function isOrder(value: unknown): value is 1 | -1 {
  return value === 1 || value === -1
}

function isIndex(value: unknown): value is CaseIndex {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))
}

function wrongSort(target: KeyTarget): Error {
  return invalidQuery('sort takes 1, -1 or {order, default?, cases}', { field: target.path.join('.') })
}
