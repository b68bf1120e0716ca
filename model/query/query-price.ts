import type { Condition, FindPlan, SortKey } from './plan.ts'
import { TEST_STEPS } from './work-meter.ts'

/** Steps to read and show a document of a result or of a join, and to read a key of a sort. */
export const DOCUMENT_STEPS = 5

/** Steps to run a plan over so many documents, without what depends on long values and on joined documents. */
export function stepsOfScan(plan: FindPlan, rows: number): number {
  const tests = stepsOfTests(plan.condition)
  return rows * (tests + plan.sort.reduce((sum, key) => sum + stepsOfKey(key), 0))
}

/** Steps to test a document of short values. Where a part decides, the others are not tested. */
export function stepsOfTests(condition: Condition): number {
  if ('conditions' in condition)
    return condition.conditions.reduce((sum, part) => sum + stepsOfTests(part), 1)
  switch (condition.op) {
    case 'all':
      return condition.values.length * TEST_STEPS
    case 'in':
    case 'nin':
      return (1 + condition.values.filter(isObject).length) * TEST_STEPS
    case 'search':
      return condition.paths.length * TEST_STEPS
    default:
      return TEST_STEPS
  }
}

function stepsOfKey({ cases = [] }: SortKey): number {
  return cases.reduce((sum, { condition }) => sum + stepsOfTests(condition), DOCUMENT_STEPS)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object'
}
