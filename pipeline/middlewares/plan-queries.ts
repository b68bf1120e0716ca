import assert from 'node:assert'
import { planFind } from '../../model/query/plan-find.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import type { FindRequest, Middleware } from '../workspace/middleware.ts'

/** Plans each query once and adds the permissions of the caller. */
export const planQueries: Middleware = (next, { model, permissions }) => ({
  find: function planQueries(caller, request) {
    const { _class, query, options, encoded, isConsistent = false } = request
    const plan = permissions.restrict(planFind(model.hierarchy, _class, query, options), caller)
    return next.find(caller, { _class, query, options, encoded, isConsistent, plan })
  },
})

export function plannedBy({ plan }: FindRequest): FindPlan {
  assert(plan !== undefined, 'a query reached storage without a plan')
  return plan
}
