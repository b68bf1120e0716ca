import type { FindPlan } from '../../../model/query/plan.ts'
import { chooseIndex, isById } from './choose-index.ts'
import { compileCondition } from './compile-condition.ts'
import { compileSort } from './compile-sort.ts'
import type { SqlFragment } from './sql-fragment.ts'
import { always, and, checked, fragment, limitTo, or, quoteName, template } from './sql-fragment.ts'
import type { Catalog, SqlScope } from './sql-scope.ts'
import { rootScope } from './sql-scope.ts'

export interface CompiledFind {
  /** One column, the JSON of the document, in order. */
  rows: SqlFragment
  /** The same without the index hint, which SQLite may reject. */
  unhinted: SqlFragment
  count: SqlFragment
  /** One value: whether SQL cannot sort these rows. */
  check: SqlFragment | undefined
  /** Few rows are read: one by `_id`, or those of a page along an index. */
  readsFewRows: boolean
}

const selectData = 'SELECT t0.data '

/** The same query for rowids. */
export function rowidsOf({ sql, params }: SqlFragment): SqlFragment {
  return { sql: `SELECT t0.rowid ${sql.slice(selectData.length)}`, params }
}

/** Throws `NotNativeError` if only the model can run the plan. */
export function compileFind(plan: FindPlan, catalog: Catalog): CompiledFind {
  const scope = rootScope(catalog, plan.domain, plan.lookups)
  const where = compileWhere(plan, scope)
  const sort = compileSort(plan.sort, scope)
  const order = template(sort.terms.map(() => '{}').join(', '), ...sort.terms)
  const hint = chooseIndex(plan, scope.table)
  const select = (from: string) =>
    template(`${selectData}${from} WHERE {} ORDER BY {}{}`, where, order, limitOf(plan))
  const from = `FROM ${scope.table.name} AS t0`
  const unhinted = select(from)
  return {
    unhinted,
    rows: hint === undefined ? unhinted : select(`${from} INDEXED BY ${quoteName(hint.name)}`),
    count: template(`SELECT count(*) ${from} WHERE {}`, where),
    readsFewRows: hint !== undefined || isById(plan),
    check: sort.awkward.length === 0 ? undefined : existence(from, and([where, or(sort.awkward)])),
  }
}

function existence(from: string, where: SqlFragment): SqlFragment {
  return template(`SELECT EXISTS (SELECT 1 ${from} WHERE {})`, where)
}

/** The condition of the plan, restricted to visible rows. */
function compileWhere(plan: FindPlan, scope: SqlScope): SqlFragment {
  const visible = scope.table.visible?.(scope.alias) ?? always
  return and([checked(scope.alias), compileCondition(plan.condition, scope), visible])
}

function limitOf(plan: FindPlan): SqlFragment {
  return fragment(plan.limit === undefined ? '' : limitTo(plan.limit))
}
