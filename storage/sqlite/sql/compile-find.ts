import type { FindPlan } from '../../../model/query/plan.ts'
import { chooseIndex, isById } from './choose-index.ts'
import { compileCondition } from './compile-condition.ts'
import { compileSort } from './compile-sort.ts'
import type { SqlFragment } from './sql-fragment.ts'
import { always, and, fragment, limitTo, or, quoteName, template } from './sql-fragment.ts'
import type { Catalog, SqlScope } from './sql-scope.ts'
import { rootScope } from './sql-scope.ts'

export interface CompiledFind {
  /** One column, the document's JSON, in order. */
  rows: SqlFragment
  /** The same without the hint to an index, should SQLite find that it can't follow it. */
  unhinted: SqlFragment
  count: SqlFragment
  /** One value: whether the order can't be told by SQL after all. */
  check: SqlFragment | undefined
  /** Few rows are touched: the one of an `_id`, or those a page's index leads to. */
  isShort: boolean
}

const selectData = 'SELECT t0.data '

/** The same rows, by their ids. */
export function rowidsOf({ sql, params }: SqlFragment): SqlFragment {
  return { sql: `SELECT t0.rowid ${sql.slice(selectData.length)}`, params }
}

/** Fails with `NotNativeError` when the plan has to be evaluated by the model. */
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
    isShort: hint !== undefined || isById(plan),
    check: sort.awkward.length === 0 ? undefined : existence(from, and([where, or(sort.awkward)])),
  }
}

function existence(from: string, where: SqlFragment): SqlFragment {
  return template(`SELECT EXISTS (SELECT 1 ${from} WHERE {})`, where)
}

/** The rows of the plan's condition that may be found at all. */
function compileWhere(plan: FindPlan, scope: SqlScope): SqlFragment {
  return and([compileCondition(plan.condition, scope), scope.table.visible?.(scope.alias) ?? always])
}

function limitOf(plan: FindPlan): SqlFragment {
  return fragment(plan.limit === undefined ? '' : limitTo(plan.limit))
}
