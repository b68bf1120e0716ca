import { DocumentStore } from '../../../model/document-store.ts'
import type { Doc } from '../../../model/documents.ts'
import { valuesAt } from '../../../model/query/path.ts'
import type { Condition, FindPlan, LookupPlan } from '../../../model/query/plan.ts'
import { type QueryContext, readAll } from './query.ts'

/** Number of documents per query for joined ones. */
const docsAtOnce = 1000

/**
 * Loads all documents that may be joined, with few queries per lookup. The model then joins over the store, which may
 * contain more documents than needed.
 */
export async function loadJoined(
  lookups: readonly LookupPlan[],
  docs: readonly Doc[],
  store: DocumentStore,
  context: QueryContext,
): Promise<void> {
  const load = async (lookup: LookupPlan) => {
    const joined =
      lookup.direction === 'forward' ? forward(lookup, docs, context) : reverse(lookup, docs, context)
    const found = await joined
    for (const doc of found) store.put(lookup.domain, doc)
    await loadJoined(lookup.nested, found, store, context)
  }
  if (docs.length > 0) await Promise.all(lookups.map(load))
}

async function forward(lookup: LookupPlan, docs: readonly Doc[], context: QueryContext): Promise<Doc[]> {
  const ids = docs
    .flatMap(valuesAt(lookup.path))
    .flat()
    .filter((id) => typeof id === 'string')
  return ids.length === 0 ? [] : await context.documents.read(lookup.domain, ids, context.bound)
}

async function reverse(lookup: LookupPlan, docs: readonly Doc[], context: QueryContext): Promise<Doc[]> {
  const ids = docs.map(({ _id }) => _id)
  const count = Math.ceil(ids.length / docsAtOnce)
  const queries = Array.from({ length: count }, (_, index) => {
    const values = ids.slice(index * docsAtOnce, (index + 1) * docsAtOnce)
    return readAll(lookup.domain, { op: 'in', path: lookup.path, values }, context)
  })
  return (await Promise.all(queries)).flat()
}

/** Whether the result or its order depends on joined documents. */
export function dependsOnJoins({ condition, sort }: FindPlan): boolean {
  return looksUp(condition) || sort.some(({ lookup }) => lookup !== undefined)
}

function looksUp(condition: Condition): boolean {
  if ('conditions' in condition) return condition.conditions.some(looksUp)
  return condition.op === 'lookup'
}
