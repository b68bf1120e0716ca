import type { FindPlan } from '../../../model/query/plan.ts'
import { compileFind, type CompiledFind } from './compile-find.ts'
import { type SqlFragment, or, template } from './sql-fragment.ts'
import { type Catalog, NotNativeError, type TableSql } from './sql-scope.ts'
import { type QueryShape, type ShapedSql, shapedSql } from './query-shape.ts'

/** True for every row. Reports the bytes of a large document before the document is read. */
const weighed = 'octet_length(data) < 16384 OR weigh(octet_length(data))'

/**
 * The statements of a query shape, assuming that all values at indexed paths are scalars. If `nonScalarTest` is not
 * 0, they are invalid, and the plan has to be compiled for the actual values.
 */
export interface PreparedFind {
  /**
   * One row of one snapshot: whether an indexed path has a non-scalar value, the number of rows, and their JSON
   * joined by commas.
   */
  page: ShapedSql
  rows: ShapedSql
  unhinted: ShapedSql
  count: ShapedSql
  check: ShapedSql | undefined
  /** One value; undefined if there are no such paths. */
  nonScalarTest: SqlFragment | undefined
  /** See `CompiledFind`. */
  readsFewRows: boolean
}

/** `null` if only the model can run the shape; `not yet` while one of its tables is missing. */
export function prepareFind(shape: QueryShape, catalog: Catalog): PreparedFind | null | 'not yet' {
  const hopeful = new HopefulCatalog(catalog)
  try {
    const compiled = compileFind(shape.marked(), hopeful)
    if (hopeful.isMissing) return 'not yet'
    const nonScalar = hopeful.anyNonScalar()
    const page = (rows: SqlFragment): ShapedSql =>
      shapedSql(
        template(
          `SELECT {}, count(*), group_concat(data) FROM ({}) WHERE ${weighed}`,
          nonScalar ?? '0',
          rows,
        ),
        shape,
      )
    const shaped = (part: SqlFragment): ShapedSql => shapedSql(part, shape)
    return {
      page: page(compiled.rows),
      rows: shaped(compiled.rows),
      unhinted: shaped(compiled.unhinted),
      count: shaped(compiled.count),
      check: compiled.check === undefined ? undefined : shaped(compiled.check),
      readsFewRows: compiled.readsFewRows,
      nonScalarTest: nonScalar === undefined ? undefined : template('SELECT {}', nonScalar),
    }
  } catch (error) {
    if (error instanceof NotNativeError) return null
    throw error
  }
}

/** The statements with the values of one plan. */
export function boundFind(
  prepared: PreparedFind,
  values: QueryShape['values'],
): Omit<CompiledFind, 'readsFewRows'> {
  const bound = ({ sql, bind }: ShapedSql): SqlFragment => ({ sql, params: bind(values) })
  const unhinted = bound(prepared.unhinted)
  return {
    unhinted,
    rows: prepared.rows.sql === unhinted.sql ? unhinted : bound(prepared.rows),
    count: bound(prepared.count),
    check: prepared.check === undefined ? undefined : bound(prepared.check),
  }
}

/** Assumes that every path has scalars only, and records the paths. */
class HopefulCatalog implements Catalog {
  isMissing = false
  readonly #catalog: Catalog
  readonly #assumed = new Map<string, SqlFragment>()

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  table(domain: FindPlan['domain']): TableSql {
    const table = this.#catalog.table(domain)
    if (table.missing === true) this.isMissing = true
    return table
  }

  nonScalarTest(table: TableSql, path: readonly string[]): SqlFragment | undefined {
    const found = this.#catalog.nonScalarTest(table, path)
    if (found !== undefined) this.#assumed.set(found.sql, found)
    return found
  }

  isPlain(table: TableSql, path: readonly string[]): boolean {
    this.nonScalarTest(table, path)
    return true
  }

  /** Whether any of these paths has non-scalar values. */
  anyNonScalar(): SqlFragment | undefined {
    return this.#assumed.size === 0 ? undefined : or([...this.#assumed.values()])
  }
}
