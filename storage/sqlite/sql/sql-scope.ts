import type { Domain } from '../../../model/documents.ts'
import type { LookupPlan, Path } from '../../../model/query/plan.ts'
import type { PathSql } from './compile-path.ts'
import { pathName, pathSql } from './compile-path.ts'
import type { SqlFragment } from './sql-fragment.ts'
import type { KeyLayout } from './key-columns.ts'

const expressionsAtOnce = 500

/** A table of documents as the compiler sees it. */
export interface TableSql {
  domain: Domain
  /** Quoted. */
  name: string
  columns: ReadonlySet<string>
  /** Rows that are kept and yet not found, such as derived transactions in the log. */
  visible?: (alias: string) => SqlFragment
  /** Full-text fields, as JSON text of their paths: what a search condition may name to use the index. */
  searched: ReadonlySet<string>
  /** Indexes by the paths of their keys. */
  indexes: readonly TableIndex[]
  /** The columns of a row, in its order, as SQL names them. */
  rowColumns: readonly string[]
  /** Puts the row of a new document. */
  insert: string
  /** Of the document with this `_id`, its row without the JSON text. */
  current: string
  /** The columns of declared paths. */
  layout: KeyLayout
  /** Their names by the names of the paths. */
  keyColumns: ReadonlyMap<string, string>
  /** Names of the paths in declared indexes. */
  indexed: ReadonlySet<string>
  /** Path expressions made before, by alias and name of the path. */
  expressions: Map<string, PathSql | undefined>
  /** Nothing was ever written to the domain. */
  missing?: boolean
}

export interface TableIndex {
  name: string
  keys: readonly { path: Path; name: string; order: 1 | -1 }[]
  /** Keeps a partial index of the awkward values of its paths. */
  declared: boolean
}

export interface Catalog {
  table: (domain: Domain) => TableSql
  /** Whether every value at the path is a scalar. Cheap for the paths of an index only. */
  isPlain: (table: TableSql, path: Path) => boolean
  /** SQL for the opposite; `undefined` where it can't be. */
  nonScalarTest: (table: TableSql, path: Path) => SqlFragment | undefined
}

/** The rows a piece of SQL is about. */
export interface SqlScope {
  catalog: Catalog
  table: TableSql
  alias: string
  lookups: readonly LookupPlan[]
}

/** Thrown where only the evaluator of the model knows the answer; the plan is then run by it. */
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
  // Names come from the wire, so what is kept of them is bounded.
  if (expressions.size >= expressionsAtOnce) expressions.clear()
  expressions.set(key, made)
  return made
}

export function isIndexed(table: TableSql, path: Path): boolean {
  return table.indexed.has(pathName(path))
}
