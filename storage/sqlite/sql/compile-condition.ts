import type { Condition, Path, Value } from '../../../model/query/plan.ts'
import { compileJoinCondition } from './compile-join.ts'
import { compileSearch } from './compile-search.ts'
import type { PathSql, Scalar } from './compile-path.ts'
import { bindable, isExact } from './compile-path.ts'
import type { SqlFragment } from './sql-fragment.ts'
import { always, and, fragment, never, not, oneOf, or, template } from './sql-fragment.ts'
import type { SqlScope } from './sql-scope.ts'
import { isIndexed, scopedPath } from './sql-scope.ts'

type Leaf = Exclude<Condition, { op: 'all-of' | 'any-of' | 'none-of' | 'lookup' | 'search' }>

/** SQL that is true for exactly the rows that meet the condition. */
export function compileCondition(condition: Condition, scope: SqlScope): SqlFragment {
  switch (condition.op) {
    case 'all-of':
      return and(condition.conditions.map((part) => compileCondition(part, scope)))
    case 'any-of':
      return or(condition.conditions.map((part) => compileCondition(part, scope)))
    case 'none-of':
      return not(or(condition.conditions.map((part) => compileCondition(part, scope))))
    case 'lookup':
      return compileJoinCondition(condition, scope, compileCondition)
    case 'search':
      return compileSearch(condition, scope, byPredicate(condition, scope))
    default:
      return compileLeaf(condition, scope)
  }
}

/** Evaluates the condition with the model's predicate, for conditions without an equivalent in SQL. */
export function byPredicate(condition: Condition, scope: SqlScope): SqlFragment {
  return fragment(`matches(${scope.alias}.data, ?)`, JSON.stringify(condition))
}

function compileLeaf(leaf: Leaf, scope: SqlScope): SqlFragment {
  const path = scopedPath(scope, leaf.path)
  const scalar = path === undefined ? undefined : overScalars(leaf, path)
  if (path === undefined || scalar === undefined) return byPredicate(leaf, scope)
  if (path.column || isAlwaysPlain(leaf.path, scope)) return scalar
  const ofArray = overItems(leaf, path) ?? byPredicate(leaf, scope)
  if (path.keyed) {
    const text = `CASE ${path.key} WHEN x'04' THEN {} WHEN x'05' THEN {} ELSE {} END`
    return template(text, ofArray, byPredicate(leaf, scope), scalar)
  }
  const guarded = template("CASE {} WHEN 'array' THEN {} ELSE {} END", path.type, ofArray, scalar)
  if (path.behindArray === undefined) return guarded
  return template('CASE WHEN {} THEN {} ELSE {} END', path.behindArray, byPredicate(leaf, scope), guarded)
}

function isAlwaysPlain(path: Path, scope: SqlScope): boolean {
  return isIndexed(scope.table, path) && scope.catalog.isPlain(scope.table, path)
}

/** The condition if there is no array along the path; `undefined` if SQL cannot express it. */
function overScalars(leaf: Leaf, path: PathSql): SqlFragment | undefined {
  switch (leaf.op) {
    case 'eq':
      return equals([leaf.value], path)
    case 'ne':
      return negated(equals([leaf.value], path))
    case 'in':
      // The unary plus prevents SQLite from using an index for it.
      return equals(leaf.values, leaf.isRule === true ? { ...path, key: `+${path.key}` } : path)
    case 'nin':
      return negated(equals(leaf.values, path))
    case 'all':
      return holdsAll(leaf.values, path)
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return inRange(leaf.op, leaf.value, path)
    case 'exists':
      return fragment(`${path.type} IS ${leaf.value ? 'NOT NULL' : 'NULL'}`)
    case 'size':
      return never
    case 'like':
      return isExact(leaf.pattern) ? fragment(`text_like(${path.key}, ?)`, leaf.pattern) : undefined
    case 'regex':
      return undefined
  }
}

function negated(part: SqlFragment | undefined): SqlFragment | undefined {
  return part === undefined ? undefined : not(part)
}

function equals(values: readonly Value[], path: PathSql): SqlFragment | undefined {
  const scalars = values.filter(isExact)
  const nulls = values.filter((value) => value === null).length
  if (scalars.length + nulls !== values.length) return undefined
  const found = [...byKind(scalars, path)]
  if (nulls > 0) found.push(fragment(`${path.key} IS NULL`))
  return or(found)
}

/** Booleans are bound as blobs, which the JSON text of a long list cannot contain. */
function byKind(scalars: readonly Scalar[], path: PathSql): SqlFragment[] {
  const plain = [...new Set(scalars.filter((value) => typeof value !== 'boolean'))]
  const booleans = [...new Set(scalars.filter((value) => typeof value === 'boolean'))]
  return [
    ...(plain.length > 0 ? [oneOf(path.key, plain)] : []),
    ...booleans.map((value) => fragment(`${path.key} = ?`, bindable(value))),
  ]
}

function holdsAll(values: readonly Value[], path: PathSql): SqlFragment | undefined {
  if (values.length === 0) return never
  const parts = values.map((value) => equals([value], path))
  return parts.every((part) => part !== undefined) ? and(parts) : undefined
}

const operators = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

/** Text sorts above numbers and below blobs, so that a second bound limits a range to one type. */
function inRange(op: keyof typeof operators, value: Value, path: PathSql): SqlFragment | undefined {
  if (!isExact(value) || typeof value === 'boolean') return undefined
  const above = op === 'gt' || op === 'gte'
  const bound = fragment(`${path.key} ${operators[op]} ?`, value)
  if (typeof value === 'number') return above ? and([bound, fragment(`${path.key} < ''`)]) : bound
  return and([bound, fragment(above ? `${path.key} < x''` : `${path.key} >= ''`)])
}

/** The condition on the items of an array at the end of the path. */
function overItems(leaf: Leaf, path: PathSql): SqlFragment | undefined {
  switch (leaf.op) {
    case 'eq':
      return hasItem([leaf.value], path)
    case 'ne':
      return negated(hasItem([leaf.value], path))
    case 'in':
      return hasItem(leaf.values, path)
    case 'nin':
      return negated(hasItem(leaf.values, path))
    case 'exists':
      return leaf.value ? always : never
    case 'size':
      return Number.isSafeInteger(leaf.value)
        ? fragment(`json_array_length(${path.json}) = ?`, leaf.value)
        : undefined
    default:
      return undefined
  }
}

function hasItem(values: readonly Value[], path: PathSql): SqlFragment | undefined {
  const strings = values.filter((value) => typeof value === 'string')
  if (strings.length !== values.length || !values.every(isExact)) return undefined
  return template(`EXISTS (SELECT 1 FROM ${path.each} WHERE type = 'text' AND {})`, oneOf('value', strings))
}
