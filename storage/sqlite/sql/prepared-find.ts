import type { FindPlan } from '../../../model/query/plan.ts'
import { compileFind, type CompiledFind } from './compile-find.ts'
import { type Fragment, or, template } from './fragment.ts'
import { type Catalog, NotNativeError, type TableSql } from './scope.ts'
import { type Shape, type ShapedSql, shapedSql } from './shape.ts'

/**
 * The statements of a shape of plans, made as if every value at an indexed path were a scalar. Where
 * `irregular` is not 0 they say nothing, and the plan has to be compiled for what the file has.
 */
export interface PreparedFind {
  /** One row of one snapshot: whether it is irregular, how many rows there are, their JSON with commas. */
  page: ShapedSql
  rows: ShapedSql
  unhinted: ShapedSql
  count: ShapedSql
  check: ShapedSql | undefined
  /** One value; undefined when it can't be. */
  irregular: Fragment | undefined
  /** As of `CompiledFind`. */
  isShort: boolean
}

/** `null` for a shape that only the model can run; `not yet` while a table it is about isn't there. */
export function prepareFind(shape: Shape, catalog: Catalog): PreparedFind | null | 'not yet' {
  const hopeful = new HopefulCatalog(catalog)
  try {
    const compiled = compileFind(shape.marked(), hopeful)
    if (hopeful.isMissing) return 'not yet'
    const irregular = hopeful.irregular()
    const page = (rows: Fragment): ShapedSql =>
      shapedSql(template('SELECT {}, count(*), group_concat(data) FROM ({})', irregular ?? '0', rows), shape)
    const shaped = (part: Fragment): ShapedSql => shapedSql(part, shape)
    return {
      page: page(compiled.rows),
      rows: shaped(compiled.rows),
      unhinted: shaped(compiled.unhinted),
      count: shaped(compiled.count),
      check: compiled.check === undefined ? undefined : shaped(compiled.check),
      isShort: compiled.isShort,
      irregular: irregular === undefined ? undefined : template('SELECT {}', irregular),
    }
  } catch (error) {
    if (error instanceof NotNativeError) return null
    throw error
  }
}

/** The statements for one plan of the shape. */
export function boundFind(prepared: PreparedFind, values: Shape['values']): Omit<CompiledFind, 'isShort'> {
  const bound = ({ sql, bind }: ShapedSql): Fragment => ({ sql, params: bind(values) })
  const unhinted = bound(prepared.unhinted)
  return {
    unhinted,
    rows: prepared.rows.sql === unhinted.sql ? unhinted : bound(prepared.rows),
    count: bound(prepared.count),
    check: prepared.check === undefined ? undefined : bound(prepared.check),
  }
}

/** Takes every path for plain, and remembers which. */
class HopefulCatalog implements Catalog {
  isMissing = false
  readonly #catalog: Catalog
  readonly #assumed = new Map<string, Fragment>()

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  table(domain: FindPlan['domain']): TableSql {
    const table = this.#catalog.table(domain)
    if (table.missing === true) this.isMissing = true
    return table
  }

  irregularity(table: TableSql, path: readonly string[]): Fragment | undefined {
    const found = this.#catalog.irregularity(table, path)
    if (found !== undefined) this.#assumed.set(found.sql, found)
    return found
  }

  isPlain(table: TableSql, path: readonly string[]): boolean {
    this.irregularity(table, path)
    return true
  }

  /** Whether any of the paths isn't. */
  irregular(): Fragment | undefined {
    return this.#assumed.size === 0 ? undefined : or([...this.#assumed.values()])
  }
}
