import type { Doc, Domain } from '../../model/documents.ts'
import { domains } from '../../model/identifiers.ts'
import { evaluatePlan, findResult } from '../../model/query/evaluate.ts'
import type { FindPlan, LookupPlan } from '../../model/query/plan.ts'
import { compileProjection } from '../../model/query/projection.ts'
import type { FindResult } from '../../model/query/query.ts'
import { WorkMeter } from '../../model/query/work-meter.ts'
import type { Middleware } from '../workspace/middleware.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { plannedBy } from './plan-queries.ts'
import { type FetchDocs, attachLookups, withoutJoins } from './joins.ts'

/**
 * Answers queries of the model and of transient documents from memory. If a query joins those with stored documents,
 * joined conditions are first replaced with plain ones, and joined documents are added last.
 */
export const acrossDomains: Middleware = (next, workspace) => ({
  find: async function acrossDomains(caller, request) {
    const plan = plannedBy(request)
    if (plan.lookups.length === 0 && !inMemory(plan.domain)) return await next.find(caller, request)
    const reached = new Set([plan.domain, ...lookupDomains(plan.lookups)].map(inMemory))
    if (!reached.has(true)) return await next.find(caller, request)
    if (!reached.has(false)) return evaluatePlan(plan, memorySource(workspace), new WorkMeter())
    return await findJoined(workspace, plan)
  },
})

async function findJoined(workspace: Workspace, plan: FindPlan): Promise<FindResult> {
  const meter = new WorkMeter()
  const fetch: FetchDocs = (inner) => fetchFrom(workspace, inner, meter)
  const plain = await withoutJoins({ ...plan, projection: undefined }, fetch)
  const found = await fetch({ ...plain, lookups: [] })
  const joined = await attachLookups(found, plan.lookups, fetch)
  const project = plan.projection === undefined ? undefined : compileProjection(plan.projection)
  const docs =
    project === undefined ? joined : joined.map((doc) => ({ ...project(doc), $lookup: doc.$lookup ?? {} }))
  return findResult(docs, found.total)
}

async function fetchFrom(workspace: Workspace, plan: FindPlan, meter: WorkMeter): Promise<FindResult> {
  if (inMemory(plan.domain)) return evaluatePlan(plan, memorySource(workspace), meter)
  return await workspace.storage.find(plan)
}

function memorySource({ model, transient }: Workspace) {
  return {
    documents: (domain: Domain): Iterable<Doc> =>
      domain === domains.model ? model.documents() : transient.documents(domain),
    get: (domain: Domain, id: string): Doc | undefined =>
      domain === domains.model ? model.get(id) : transient.get(domain, id),
  }
}

function inMemory(domain: Domain): boolean {
  return domain === domains.model || domain === domains.transient
}

function lookupDomains(lookups: readonly LookupPlan[]): Domain[] {
  return lookups.flatMap(({ domain, nested }) => [domain, ...lookupDomains(nested)])
}
