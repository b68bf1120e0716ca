import type { Condition, LookupPlan } from '../../../model/query/plan.ts'
import type { PathSql } from './compile-path.ts'
import type { SqlFragment } from './sql-fragment.ts'
import { always, and, checked, fragment, never, template } from './sql-fragment.ts'
import type { SqlScope } from './sql-scope.ts'
import { findLookup, isIndexed, joinedScope, NotNativeError, scopedPath } from './sql-scope.ts'

/** `compileCondition`, passed as a parameter to avoid a cyclic import. */
type Compile = (condition: Condition, scope: SqlScope) => SqlFragment

type LookupCondition = Extract<Condition, { op: 'lookup' }>

/** True if some joined document meets the condition. */
export function compileJoinCondition(
  { name, condition }: LookupCondition,
  scope: SqlScope,
  compile: Compile,
): SqlFragment {
  const lookup = findLookup(scope, name)
  const joined = joinedScope(scope, lookup)
  if (joined.table.missing === true) return never
  const test = compile(condition, joined)
  return template(
    `EXISTS (SELECT 1 FROM ${joined.table.name} AS ${joined.alias} WHERE {})`,
    and([joinOn(lookup, scope, joined, compile), test]),
  )
}

/** The join condition between an outer row and joined rows. */
export function joinOn(lookup: LookupPlan, outer: SqlScope, joined: SqlScope, compile: Compile): SqlFragment {
  const link =
    lookup.direction === 'forward' ? forwardLink(lookup, outer, joined) : reverseLink(lookup, outer, joined)
  const visible = joined.table.visible?.(joined.alias) ?? always
  return and([checked(joined.alias), link, compile(lookup.condition, joined), visible])
}

function forwardLink(lookup: LookupPlan, outer: SqlScope, joined: SqlScope): SqlFragment {
  const { path, scalar } = linkPath(lookup, outer)
  if (scalar) return fragment(`${joined.alias}._id = ${path.key}`)
  const items = `SELECT value FROM ${path.each} WHERE ${path.type} IN ('text','array') AND type = 'text'`
  return fragment(`${joined.alias}._id IN (${items})`)
}

function reverseLink(lookup: LookupPlan, outer: SqlScope, joined: SqlScope): SqlFragment {
  const { path, scalar } = linkPath(lookup, joined)
  const own = `${outer.alias}._id`
  if (scalar) return fragment(`${path.key} = ${own}`)
  const inArray = `EXISTS (SELECT 1 FROM ${path.each} WHERE type = 'text' AND value = ${own})`
  return fragment(`CASE ${path.type} WHEN 'array' THEN ${inArray} ELSE ${path.key} = ${own} END`)
}

/** The reference path, and whether all of its values are scalars. */
export function linkPath(lookup: LookupPlan, scope: SqlScope): { path: PathSql; scalar: boolean } {
  const path = scopedPath(scope, lookup.path)
  if (path === undefined) throw new NotNativeError(`no SQL for the path of lookup ${lookup.name}`)
  const scalar =
    path.column || (needsProof(lookup, scope, path) && scope.catalog.isPlain(scope.table, lookup.path))
  if (!scalar && path.behindArray !== undefined)
    throw new NotNativeError(`arrays on the way of ${lookup.name}`)
  return { path, scalar }
}

/** Without an index the check is a scan, which is worth it only for a path through arrays. */
function needsProof(lookup: LookupPlan, scope: SqlScope, path: PathSql): boolean {
  return path.behindArray !== undefined || isIndexed(scope.table, lookup.path)
}
