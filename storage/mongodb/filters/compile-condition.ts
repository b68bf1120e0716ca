import type { Document } from 'mongodb'
import { hasPlainOrder } from '../../../model/query/compare.ts'
import type { Condition, FieldCondition, Value } from '../../../model/query/plan.ts'
import { Search } from '../../../model/query/search.ts'
import { likePattern, regexPattern } from './compile-pattern.ts'
import { fieldPath } from '../driver/escape.ts'

/** A condition as a filter of the server. */
export interface Narrowing {
  /** Matches at least the documents that meet the condition; `undefined` if there is no filter. */
  filter: Document | undefined
  /** The filter matches no other documents. */
  exact: boolean
}

export interface CompileContext {
  /** The prefix of field names. */
  prefix: string
  /** The server sorts text by code point, as MongoDB does. */
  byCodePoint: boolean
}

const anything: Narrowing = { filter: undefined, exact: false }
const never: Narrowing = { filter: { _id: { $in: [] } }, exact: true }

/**
 * Compatible servers differ in how arrays, objects and null match along paths. So the filter uses only common
 * semantics, and the model's predicate tests the result.
 */
export function compileCondition(condition: Condition, context: CompileContext): Narrowing {
  switch (condition.op) {
    case 'all-of':
      return allOf(condition.conditions.map((part) => compileCondition(part, context)))
    case 'any-of':
      return anyOf(condition.conditions.map((part) => compileCondition(part, context)))
    case 'none-of':
      return noneOf(condition.conditions.map((part) => compileCondition(part, context)))
    case 'search':
      // No regular expression that every server accepts matches all forms of a text.
      return new Search(condition).isEmpty ? never : anything
    case 'lookup':
      return anything
    default:
      return compileField(condition, context)
  }
}

function compileField(condition: FieldCondition, context: CompileContext): Narrowing {
  const path = fieldPath(condition.path)
  if (path === undefined) return anything
  const field = { name: context.prefix + path, isTop: condition.path.length === 1, ...context }
  switch (condition.op) {
    case 'eq':
      return equal(field, [condition.value], '$in')
    case 'ne':
      return equal(field, [condition.value], '$nin')
    case 'in':
      return equal(field, condition.values, '$in')
    case 'nin':
      return equal(field, condition.values, '$nin')
    case 'all':
      return condition.values.length === 0
        ? never
        : allOf(condition.values.map((value) => equal(field, [value], '$in')))
    case 'exists':
      if (!field.isTop && !condition.value) return anything
      return { filter: { [field.name]: { $exists: condition.value } }, exact: field.isTop }
    case 'size':
      return { filter: { [field.name]: { $size: condition.value } }, exact: field.isTop }
    case 'like':
      return matching(field.name, likePattern(condition.pattern))
    case 'regex':
      return matching(field.name, regexPattern(condition.source, condition.flags))
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return compared(field, condition.op, condition.value)
    default:
      return condition satisfies never
  }
}

interface Field extends CompileContext {
  name: string
  isTop: boolean
}

function equal(field: Field, values: readonly Value[], operator: '$in' | '$nin'): Narrowing {
  if (values.some((value) => isUncertain(field, value))) return anything
  const [value] = values
  if (values.length !== 1) return { filter: { [field.name]: { [operator]: values } }, exact: true }
  return { filter: { [field.name]: { [operator === '$in' ? '$eq' : '$ne']: value } }, exact: true }
}

/** Servers compare objects and arrays differently, and null along a path. */
function isUncertain(field: Field, value: Value): boolean {
  return value === null ? !field.isTop : typeof value === 'object'
}

function compared(field: Field, op: 'gt' | 'gte' | 'lt' | 'lte', value: Value): Narrowing {
  if (typeof value === 'number') return { filter: { [field.name]: { [`$${op}`]: value } }, exact: true }
  if (typeof value === 'boolean') return anything
  if (typeof value !== 'string') return never
  if (!field.byCodePoint && !hasPlainOrder(value)) return anything
  return { filter: { [field.name]: { [`$${op}`]: value } }, exact: true }
}

function matching(name: string, pattern: string | undefined): Narrowing {
  return pattern === undefined ? anything : { filter: { [name]: { $regex: pattern } }, exact: false }
}

function allOf(parts: readonly Narrowing[]): Narrowing {
  const filters = parts.flatMap(({ filter }) => filter ?? [])
  return { filter: both(filters), exact: parts.every(({ exact }) => exact) }
}

/** Merges filters without common fields into one object: not every server uses indexes inside `$and`. */
export function both(filters: readonly Document[]): Document {
  const all = filters.filter((filter) => Object.keys(filter).length > 0)
  const names = all.flatMap((filter) => Object.keys(filter))
  return new Set(names).size === names.length ? Object.assign({}, ...all) : { $and: all }
}

function anyOf(parts: readonly Narrowing[]): Narrowing {
  if (parts.length === 0) return never
  const filters = parts.flatMap(({ filter }) => filter ?? [])
  if (filters.length < parts.length) return anything
  return {
    filter: filters.length === 1 ? filters[0] : { $or: filters },
    exact: parts.every(({ exact }) => exact),
  }
}

/** Only exact filters can be negated. */
function noneOf(parts: readonly Narrowing[]): Narrowing {
  const filters = parts.flatMap(({ filter, exact }) => (exact && filter !== undefined ? [filter] : []))
  return {
    filter: filters.length === 0 ? {} : { $nor: filters },
    exact: filters.length === parts.length,
  }
}
