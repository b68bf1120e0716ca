import type { Hierarchy } from '../../model/hierarchy.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import { plainPlan } from '../shared/plain-plan.ts'
import { isStoredDomain } from '../shared/stored-domain.ts'

/** Plans that find the stored documents in a space, one for each domain. */
export function contentPlans(hierarchy: Hierarchy, space: string): FindPlan[] {
  const stored = [...hierarchy.domains().keys()].filter(isStoredDomain)
  return stored.map((domain) => plainPlan(domain, { op: 'eq', path: ['space'], value: space }))
}
