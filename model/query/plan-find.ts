import { isFields, isReservedKey } from '../json-value.ts'
import type { Hierarchy } from '../hierarchy.ts'
import { invalidQuery } from './invalid-query.ts'
import { OperandBudget, parseField } from './parse-condition.ts'
import { planClass, searchPaths } from './plan-class.ts'
import { lookupPlans, planLookups } from './plan-lookups.ts'
import { planSort } from './plan-sort.ts'
import type { Condition, FindPlan, Projection } from './plan.ts'
import type { DocumentQuery, FindOptions } from './query.ts'
import { checkSearch, isSearchPrefix, searchPrefixes } from './search-terms.ts'
import type { QueryScope } from './query-scope.ts'
import { resolveKey, resolvePath } from './resolve-key.ts'
import { pushAll } from '../push-all.ts'

/**
 * Compiles a query as received. Throws `UnknownClass`, and `InvalidQuery` for an unknown operator, operand, option or
 * lookup.
 */
export function planFind(
  hierarchy: Hierarchy,
  _class: string,
  query: DocumentQuery | null = {},
  options: FindOptions | null = {},
): FindPlan {
  // An `undefined` in the params arrives as null.
  return plan(hierarchy, _class, query ?? {}, options ?? {})
}

function plan(hierarchy: Hierarchy, _class: string, query: DocumentQuery, options: FindOptions): FindPlan {
  const { domain, condition } = planClass(hierarchy, _class)
  if (!isFields(query) || !isFields(options)) throw invalidQuery('query and options must be objects')
  const budget = new OperandBudget()
  const lookups = planLookups(hierarchy, _class, options.lookup, budget)
  const scope: QueryScope = { hierarchy, _class, lookups, budget }
  const conditions = [condition]
  for (const key of Object.keys(query)) pushAll(conditions, planKey(key, query, scope))
  return {
    domain,
    condition: { op: 'all-of', conditions },
    sort: planSort(options.sort, scope),
    limit: planLimit(options.limit),
    projection: planProjection(options.projection, scope),
    total: options.total === true,
    lookups: lookupPlans(lookups),
  }
}

function planKey(key: string, query: DocumentQuery, scope: QueryScope): Condition[] {
  const value: unknown = query[key]
  if (value === undefined && !key.startsWith('$')) return []
  if (key === '$search') return [planSearch(value, query.$prefix, scope)]
  if (key === '$prefix') return checkPrefix(query)
  const target = resolveKey(key, scope)
  return parseField(target.path, value, scope.budget).map((condition) =>
    target.names.reduceRight<Condition>(
      (inner, name) => ({ op: 'lookup', name, condition: inner }),
      condition,
    ),
  )
}

function planSearch(text: unknown, prefix: unknown, { hierarchy, _class }: QueryScope): Condition {
  if (typeof text !== 'string')
    throw invalidQuery('wrong operand', { operator: '$search', expected: 'string' })
  checkSearch(text)
  if (prefix !== undefined && !isSearchPrefix(prefix))
    throw invalidQuery('wrong operand', { operator: '$prefix', expected: searchPrefixes.join(', ') })
  const phrase = { text, prefix, accented: [...hierarchy.accented()] }
  return { op: 'search', ...phrase, paths: searchPaths(hierarchy, _class) }
}

function checkPrefix(query: DocumentQuery): Condition[] {
  if (query.$search === undefined || query.$prefix === undefined)
    throw invalidQuery('wrong operand', { operator: '$prefix', expected: 'a $search beside it' })
  return []
}

/** 0 means no limit, as in existing clients. */
function planLimit(limit: unknown): number | undefined {
  if (limit === undefined || limit === null || limit === 0) return undefined
  if (typeof limit !== 'number' || !Number.isSafeInteger(limit) || limit < 0)
    throw invalidQuery('limit must be a non-negative integer')
  return limit
}

function planProjection(projection: unknown, scope: QueryScope): Projection | undefined {
  if (projection === undefined || projection === null) return undefined
  if (!isFields(projection)) throw invalidQuery('projection must be an object')
  const entries = Object.entries(projection).filter(([key]) => key !== '_id')
  scope.budget.spend(entries.length)
  const kept = entries.filter(([key, value]) => isKept(key, value))
  if (kept.length > 0 && kept.length < entries.length)
    throw invalidQuery('projection must either include or exclude fields')
  const paths = entries.map(([key]) => resolvePath(scope.hierarchy, scope._class, key))
  const includes = kept.length > 0 || (entries.length === 0 && projection['_id'] === 1)
  return includes ? { include: paths } : { exclude: paths }
}

function isKept(key: string, value: unknown): boolean {
  if (isReservedKey(key) || (value !== 0 && value !== 1)) throw invalidQuery('projection takes 0 or 1')
  return value === 1
}
