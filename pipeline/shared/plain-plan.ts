import type { Domain } from '../../model/documents.ts'
import type { Condition, FindPlan } from '../../model/query/plan.ts'

/** Finds all documents that meet the condition: without sort, total or lookups. */
export function plainPlan(domain: Domain, condition: Condition): FindPlan {
  return { domain, condition, sort: [], total: false, lookups: [] }
}
