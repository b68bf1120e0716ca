import type { Domain } from '../../../model/documents.ts'
import type { LookupPlan, Path } from '../../../model/query/plan.ts'
import type { PathSql } from './compile-path.ts'
import { pathName, pathSql } from './compile-path.ts'
import type { SqlFragment } from './sql-fragment.ts'
import type { KeyLayout } from './key-columns.ts'

const expressionsAtOnce = 500

/** The table of a domain, as the compiler uses it. */
export interface TableSql {
  domain: Domain
  /** The quoted name. */
  name: string
  columns: ReadonlySet<string>
  /** Excludes rows that queries do not find, such as derived transactions in the log. */
  visible?: (alias: string) => SqlFragment
  /** Full-text fields, as the JSON text of their paths. A search condition on these fields may use the index. */
  searched: ReadonlySet<string>
  /** Indexes by the paths of their keys. */
  indexes: readonly TableIndex[]
  /** The columns of a row in order, as named in SQL. */
  rowColumns: readonly string[]
  /** Inserts the row of a new document. */
  insert: string
  /** Selects the row of an `_id` without its JSON text. */
  current: string
  /** The columns of declared paths. */
  layout: KeyLayout
  /** Names of these columns by path name. */
  keyColumns: ReadonlyMap<string, string>
  /** Names of the paths in declared indexes. */
  indexed: ReadonlySet<string>
  /** Cached path expressions, by alias and path name. */
  expressions: Map<string, PathSql | undefined>
  /** The table does not exist yet. */
  missing?: boolean
}

export interface TableIndex {
  name: string
  keys: readonly { path: Path; name: string; order: 1 | -1 }[]
  /** Has a partial index of the non-scalar values of its paths. */
  declared: boolean
}

export interface Catalog {
  table: (domain: Domain) => TableSql
  /** Whether every value at the path is a scalar. Cheap only for indexed paths. */
  isPlain: (table: TableSql, path: Path) => boolean
  /** SQL that is true if there are others; `undefined` if there cannot be any. */
  nonScalarTest: (table: TableSql, path: Path) => SqlFragment | undefined
}

/** The rows that an expression refers to. */
export interface SqlScope {
  catalog: Catalog
  table: TableSql
  alias: string
  lookups: readonly LookupPlan[]
}

/** Thrown if only the evaluator of the model can run the plan. */
export class NotNativeError extends Error {}

export function rootScope(catalog: Catalog, domain: Domain, lookups: readonly LookupPlan[]): SqlScope {
  return { catalog, table: catalog.table(domain), alias: 't0', lookups }
}

export function joinedScope(outer: SqlScope, lookup: LookupPlan): SqlScope {
  const alias = `t${Number(outer.alias.slice(1)) + 1}`
  return { catalog: outer.catalog, table: outer.catalog.table(lookup.domain), alias, lookups: lookup.nested }
}

export function findLookup(scope: SqlScope, name: string): LookupPlan {
  const lookup = scope.lookups.find((candidate) => candidate.name === name)
  if (lookup === undefined) throw new NotNativeError(`no lookup ${name}`)
  return lookup
}

export function scopedPath(scope: SqlScope, path: Path): PathSql | undefined {
  const { columns, expressions, keyColumns } = scope.table
  const name = pathName(path)
  const key = `${scope.alias} ${name}`
  if (expressions.has(key)) return expressions.get(key)
  const made = pathSql(path, columns, `${scope.alias}.`, keyColumns.get(name))
  // Bounded, because clients choose the names.
  if (expressions.size >= expressionsAtOnce) expressions.clear()
  expressions.set(key, made)
  return made
}

export function isIndexed(table: TableSql, path: Path): boolean {
  return table.indexed.has(pathName(path))
}
