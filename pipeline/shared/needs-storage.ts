import type { Condition } from '../../model/query/plan.ts'

/** Joins and full-text search find only committed documents. */
export function needsStorage(condition: Condition): boolean {
  if (condition.op === 'lookup' || condition.op === 'search') return true
  return 'conditions' in condition && condition.conditions.some(needsStorage)
}
