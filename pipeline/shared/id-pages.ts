import type { Doc, Domain } from '../../model/documents.ts'
import { domains } from '../../model/identifiers.ts'
import { compareStrings } from '../../model/query/compare.ts'
import type { Condition, FindPlan, Projection } from '../../model/query/plan.ts'
import { compileCondition } from '../../model/query/predicate.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'

/** Documents of one domain that meet a condition. */
export interface PagedDocuments {
  domain: Domain
  condition: Condition
  projection?: Projection | undefined
}

/** A page of documents, in the order of their ids, that begins after one of them. */
export async function pageAfter(
  { storage, model }: { storage: WorkspaceStorage; model: WorkspaceModel },
  { domain, condition, projection }: PagedDocuments,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<readonly Doc[]> {
  const later: Condition[] = after === undefined ? [] : [{ op: 'gt', path: ['_id'], value: after }]
  const plan: FindPlan = {
    domain,
    condition: { op: 'all-of', conditions: [walkedById(condition), ...later] },
    sort: [{ path: ['_id'], order: 1 }],
    limit,
    projection,
    total: false,
    lookups: [],
  }
  if (domain !== domains.model) return await storage.find(plan)
  const found = [...model.documents()].filter(compileCondition(plan.condition))
  return found.sort((a, b) => compareStrings(a._id, b._id)).slice(0, limit)
}

/** Storage walks along the ids: an index of classes would have it sort all documents of the class for each page. */
function walkedById(condition: Condition): Condition {
  if (condition.op === 'all-of') return { ...condition, conditions: condition.conditions.map(walkedById) }
  const values = condition.op === 'eq' ? [condition.value] : condition.op === 'in' ? condition.values : []
  if (values.length === 0 || !('path' in condition) || condition.path[0] !== '_class') return condition
  return { op: 'in', path: condition.path, values, isRule: true }
}
