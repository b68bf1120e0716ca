import type { Condition, FindPlan } from '../../../model/query/plan.ts'
import type { StorageSchema, WorkspaceStorage } from '../../contract.ts'
import type { SearchIndex } from './search-index.ts'
import { SearchedFields } from './searched-fields.ts'

/**
 * Adds the ids that the full-text index finds to each search of the plan, so that the server need not scan all
 * documents. The search itself stays: a document may have changed since it was indexed.
 */
export async function prefilterPlan(
  plan: FindPlan,
  schema: StorageSchema,
  index: SearchIndex,
): Promise<FindPlan> {
  const { domain, condition } = plan
  if (!searches(condition)) return plan
  const fields = new SearchedFields(schema)
  const decides = (part: Condition) => fields.decides(domain, part)
  const find = (part: Condition) =>
    index.readIfNear(schema, (file) => idsOf(file, { domain, condition: part }, index.maxPrefilterIds))
  return { ...plan, condition: await withPrefilter(condition, { decides, find }) }
}

async function idsOf(
  file: WorkspaceStorage,
  wanted: Pick<FindPlan, 'domain' | 'condition'>,
  most: number,
): Promise<string[] | undefined> {
  const projection = { include: [['_id']] }
  const docs = await file.find({
    ...wanted,
    projection,
    limit: most + 1,
    sort: [],
    lookups: [],
    total: false,
  })
  return docs.length > most ? undefined : docs.map(({ _id }) => _id)
}

interface SearchPrefilter {
  /** Whether the full-text index can evaluate the condition. */
  decides: (condition: Condition) => boolean
  /** The ids of matching documents; `undefined` if a scan is better. */
  find: (condition: Condition) => Promise<string[] | undefined>
}

async function withPrefilter(condition: Condition, candidates: SearchPrefilter): Promise<Condition> {
  if (!searches(condition)) return condition
  if (condition.op === 'any-of') {
    const parts = condition.conditions.map((part) => withPrefilter(part, candidates))
    return { op: 'any-of', conditions: await Promise.all(parts) }
  }
  const all = conjuncts(condition)
  const decided = all.filter(candidates.decides)
  if (decided.some(searches)) return await named(all, decided, candidates)
  // A negation has no prefilter.
  const inner = all.map(async (part) => (part.op === 'any-of' ? await withPrefilter(part, candidates) : part))
  return { op: 'all-of', conditions: await Promise.all(inner) }
}

async function named(all: Condition[], decided: Condition[], { find }: SearchPrefilter): Promise<Condition> {
  const ids = await find({ op: 'all-of', conditions: decided })
  const names: Condition[] = ids === undefined ? [] : [{ op: 'in', path: ['_id'], values: ids }]
  return { op: 'all-of', conditions: [...all, ...names] }
}

function conjuncts(condition: Condition): Condition[] {
  return condition.op === 'all-of' ? condition.conditions.flatMap(conjuncts) : [condition]
}

/** Whether matching documents have to contain searched words. */
function searches(condition: Condition): boolean {
  if (condition.op === 'all-of' || condition.op === 'any-of') return condition.conditions.some(searches)
  return condition.op === 'search'
}
