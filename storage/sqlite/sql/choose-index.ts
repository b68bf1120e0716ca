import type { Condition, FindPlan, Path, SortKey } from '../../../model/query/plan.ts'
import { pathName } from './compile-path.ts'
import type { TableIndex, TableSql } from './sql-scope.ts'

const idPath = pathName(['_id'])

/**
 * The index for a page, if one is clearly best: its first keys are compared for equality, its next keys are the sort,
 * and the rest of the condition uses only the class or its keys. SQLite's planner would instead look up the whole
 * class with `_class IN (...)` and sort it.
 */
export function chooseIndex(plan: FindPlan, table: TableSql): TableIndex | undefined {
  if (
    plan.limit === undefined ||
    plan.sort.some((key) => key.cases !== undefined || key.lookup !== undefined)
  ) {
    return undefined
  }
  const conjuncts = flatten(plan.condition)
  const equal = comparedForEquality(conjuncts)
  if (equal.has(idPath)) return undefined
  const sort = plan.sort.length === 0 ? [{ path: ['_id'], order: 1 as const }] : plan.sort
  const usable = table.indexes.filter((index) => isPageOrder(index, equal, sort) && covers(index, conjuncts))
  return usable.sort((a, b) => equalKeys(b, equal) - equalKeys(a, equal))[0]
}

/** Whether the plan asks for the document of one `_id`. */
export function isById({ condition }: FindPlan): boolean {
  return comparedForEquality(flatten(condition)).has(idPath)
}

function comparedForEquality(conjuncts: readonly Condition[]): ReadonlySet<string> {
  return new Set(conjuncts.flatMap((condition) => (isEquality(condition) ? [pathName(condition.path)] : [])))
}

function flatten(condition: Condition): Condition[] {
  return condition.op === 'all-of' ? condition.conditions.flatMap(flatten) : [condition]
}

/** Permissions exclude few rows, because most callers see most documents of a page. */
function isRule(condition: Condition): boolean {
  return condition.op === 'in' && condition.isRule === true
}

function isEquality(condition: Condition): condition is Extract<Condition, { path: Path }> {
  if (isRule(condition)) return false
  if (condition.op === 'in') return condition.values.length === 1 && isScalar(condition.values[0])
  return condition.op === 'eq' && isScalar(condition.value)
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number'
}

function equalKeys(index: TableIndex, equal: ReadonlySet<string>): number {
  const count = index.keys.findIndex((key) => !equal.has(key.name))
  return count === -1 ? index.keys.length : count
}

function isPageOrder(index: TableIndex, equal: ReadonlySet<string>, sort: readonly SortKey[]): boolean {
  const rest = index.keys.slice(equalKeys(index, equal))
  const [first] = rest
  if (first === undefined || rest.length < sort.length) return false
  const backwards = first.order !== sort[0]?.order
  return sort.every((key, position) => {
    const candidate = rest[position]
    const order = backwards ? -key.order : key.order
    return candidate !== undefined && candidate.name === pathName(key.path) && candidate.order === order
  })
}

function covers(index: TableIndex, conjuncts: readonly Condition[]): boolean {
  const known = new Set([...index.keys.map((key) => key.name), pathName(['_class'])])
  return conjuncts.every(
    (condition) => isRule(condition) || ('path' in condition && known.has(pathName(condition.path))),
  )
}
