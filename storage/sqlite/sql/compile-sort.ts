import type { SortKey } from '../../../model/query/plan.ts'
import { compileCondition } from './compile-condition.ts'
import { compileJoinCondition, joinOn, linkPath } from './compile-join.ts'
import type { SqlFragment } from './sql-fragment.ts'
import { and, fragment, template } from './sql-fragment.ts'
import type { SqlScope } from './sql-scope.ts'
import { findLookup, isIndexed, joinedScope, NotNativeError, scopedPath } from './sql-scope.ts'

export interface CompiledSort {
  terms: SqlFragment[]
  /** If one of these is true for a matching row, SQL cannot sort the rows. */
  awkward: SqlFragment[]
}

export function compileSort(keys: readonly SortKey[], scope: SqlScope): CompiledSort {
  const parts = keys.map((key) => compileKey(key, scope))
  const terms = parts.flatMap((part) => part.terms)
  const byId = keys.some((key) => key.lookup === undefined && key.cases === undefined && isId(key))
  return {
    terms: byId ? terms : [...terms, fragment(`${scope.alias}._id`)],
    awkward: parts.flatMap((part) => part.awkward),
  }
}

function isId(key: SortKey): boolean {
  return key.path.length === 1 && key.path[0] === '_id'
}

function compileKey(key: SortKey, scope: SqlScope): CompiledSort {
  if (key.cases !== undefined) return { terms: caseTerms(key, key.cases, scope), awkward: [] }
  if (key.lookup !== undefined) return { terms: [joinedTerm(key, key.lookup, scope)], awkward: [] }
  const path = scopedPath(scope, key.path)
  if (path === undefined) throw new NotNativeError('no SQL for the path of a sort')
  const terms = [directed(fragment(path.key), key)]
  if (path.column) return { terms, awkward: [] }
  if (!isIndexed(scope.table, key.path)) return { terms, awkward: [fragment(path.awkward)] }
  if (!scope.catalog.isPlain(scope.table, key.path)) throw new NotNativeError('arrays or objects to sort by')
  return { terms, awkward: [] }
}

/** Rows without a matching case are last in either order. */
function caseTerms(key: SortKey, cases: NonNullable<SortKey['cases']>, scope: SqlScope): SqlFragment[] {
  const branches = cases.map(({ condition, index }) => {
    const test =
      key.lookup === undefined
        ? compileCondition(condition, { ...scope, lookups: [] })
        : compileJoinCondition({ op: 'lookup', name: key.lookup, condition }, scope, compileCondition)
    return template('WHEN {} THEN {}', test, fragment('?', index))
  })
  const fallback = key.default === undefined ? [] : [fragment('ELSE ?', key.default)]
  const parts = [...branches, ...fallback]
  const choice =
    branches.length === 0
      ? fragment('?', key.default ?? null)
      : template(`CASE ${parts.map(() => '{}').join(' ')} END`, ...parts)
  const order = directed(choice, key)
  return key.default === undefined ? [template('({}) IS NULL', choice), order] : [order]
}

function joinedTerm(key: SortKey, name: string, scope: SqlScope): SqlFragment {
  const lookup = findLookup(scope, name)
  const joined = joinedScope(scope, lookup)
  if (joined.table.missing === true) return fragment('NULL')
  const path = scopedPath(joined, key.path)
  const isScalar =
    lookup.direction === 'forward' &&
    linkPath(lookup, scope).scalar &&
    path !== undefined &&
    (path.column || joined.catalog.isPlain(joined.table, key.path))
  if (!isScalar) throw new NotNativeError('several values to sort by')
  const where = and([joinOn(lookup, scope, joined, compileCondition)])
  const value = template(`(SELECT {} FROM ${joined.table.name} AS ${joined.alias} WHERE {})`, path.key, where)
  return directed(value, key)
}

function directed(value: SqlFragment, key: SortKey): SqlFragment {
  return template(`{}${key.order === 1 ? '' : ' DESC'}`, value)
}
