import type { Condition, FindPlan, LookupPlan } from '../../../model/query/plan.ts'

/** Whether the plan uses the full-text index. */
export function planSearches({ condition, sort, lookups }: FindPlan): boolean {
  const sortSearches = sort.some(({ cases }) => cases?.some((each) => searches(each.condition)) === true)
  return searches(condition) || sortSearches || lookups.some(lookupSearches)
}

function searches(condition: Condition): boolean {
  switch (condition.op) {
    case 'all-of':
    case 'any-of':
    case 'none-of':
      return condition.conditions.some(searches)
    case 'lookup':
      return searches(condition.condition)
    default:
      return condition.op === 'search'
  }
}

function lookupSearches(lookup: LookupPlan): boolean {
  return searches(lookup.condition) || lookup.nested.some(lookupSearches)
}
