import type { Domain } from '../../model/documents.ts'
import type { Condition, FindPlan } from '../../model/query/plan.ts'

/** Finds all that meets the condition: no order, no total, no lookups. */
export function plainPlan(domain: Domain, condition: Condition): FindPlan {
  return { domain, condition, sort: [], total: false, lookups: [] }
}
