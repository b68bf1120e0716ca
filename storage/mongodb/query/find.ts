import type { Sort } from 'mongodb'
import { DocumentStore } from '../../../model/document-store.ts'
import type { Doc } from '../../../model/documents.ts'
import { evaluatePlan, findResult } from '../../../model/query/evaluate.ts'
import { joinsOf, withLookups } from '../../../model/query/join.ts'
import type { Condition, FindPlan } from '../../../model/query/plan.ts'
import { compileCondition, type Predicate } from '../../../model/query/predicate.ts'
import { compileProjection } from '../../../model/query/projection.ts'
import type { FindResult } from '../../../model/query/query.ts'
import { MAX_ROW_STEPS, WorkMeter } from '../../../model/query/work-meter.ts'
import { compileSort } from './compile-sort.ts'
import { dependsOnJoins, loadJoined } from './joins.ts'
import { compileQuery, decoded, type Query, type QueryContext, readAll } from './query.ts'

/** Minimum and maximum number of documents in a batch of the server. */
const [fewest, most] = [20, 1000]

interface Page {
  docs: Doc[]
  total: number
}

/** Runs a plan. The page and the total are separate queries, between which a commit may happen. */
export async function find(plan: FindPlan, context: QueryContext): Promise<FindResult> {
  if (dependsOnJoins(plan)) return await findOverJoins(plan, context)
  const query = compileQuery(plan.domain, plan.condition, context)
  const { prefix } = query.source
  const { mixedTypeFields } = context
  const sort = compileSort(plan.sort, { domain: plan.domain, prefix, mixedTypeFields })
  const page =
    sort === undefined ? await sortByModel(plan, context) : await readPage(plan, query, sort, context)
  return await shaped(plan, page, context)
}

/** Evaluates the plan in memory, over all documents that may match or be joined. */
async function findOverJoins(plan: FindPlan, context: QueryContext): Promise<FindResult> {
  const store = new DocumentStore()
  const docs = await readAll(plan.domain, plan.condition, context)
  for (const doc of docs) store.put(plan.domain, doc)
  await loadJoined(plan.lookups, docs, store, context)
  return evaluatePlan(plan, store, new WorkMeter(MAX_ROW_STEPS))
}

async function sortByModel(plan: FindPlan, context: QueryContext): Promise<Page> {
  const store = new DocumentStore()
  for (const doc of await readAll(plan.domain, plan.condition, context)) store.put(plan.domain, doc)
  const found = evaluatePlan(
    { ...plan, lookups: [], projection: undefined },
    store,
    new WorkMeter(MAX_ROW_STEPS),
  )
  return { docs: found, total: found.total }
}

async function readPage(plan: FindPlan, query: Query, sort: Sort, context: QueryContext): Promise<Page> {
  const { limit, total } = plan
  const matches = perDocument(plan.condition)
  const counted = total && query.exact && limit !== undefined
  const [page, count] = await Promise.all([
    limit === 0 && (counted || !total)
      ? { docs: [], rejected: 0, matched: 0 }
      : readDocuments(plan, query, { sort, matches, bound: context.bound }),
    counted ? query.source.collection.countDocuments(query.filter, { ...context.bound }) : -1,
  ])
  // The filter was not exact after all: count by reading all documents.
  if (query.exact && page.rejected > 0) return await readPage(plan, { ...query, exact: false }, sort, context)
  return { docs: page.docs, total: !total ? -1 : counted ? count : page.matched }
}

/** The condition over one document after the other, each of which may take so many steps on the event loop. */
export function perDocument(condition: Condition): Predicate {
  const meter = new WorkMeter()
  const matches = compileCondition(condition, new Map(), meter)
  return (doc) => {
    meter.restart()
    return matches(doc)
  }
}

async function readDocuments(
  { limit = Infinity, total }: FindPlan,
  { source, filter, exact }: Query,
  { sort, matches, bound }: { sort: Sort; matches: Predicate; bound: QueryContext['bound'] },
): Promise<{ docs: Doc[]; rejected: number; matched: number }> {
  const cursor = source.collection.find(filter, { ...bound }).sort(sort)
  if (exact && limit !== Infinity) cursor.limit(limit)
  const docs: Doc[] = []
  const page = { docs, rejected: 0, matched: 0 }
  const readsAll = total && !exact
  // Without a limit, a server sends 16 MB for a page of ten documents.
  if (limit !== Infinity && !readsAll) cursor.batchSize(batchFor(exact ? limit : 2 * limit))
  for await (const doc of decoded(cursor, source.decode)) {
    if (!matches(doc)) page.rejected++
    else if (page.matched++ < limit) page.docs.push(doc)
    if (!readsAll && page.matched >= limit) break
  }
  return page
}

function batchFor(wanted: number): number {
  return Math.min(Math.max(wanted, fewest), most)
}

/** Adds lookups and applies the projection. */
export async function shaped(
  plan: FindPlan,
  { docs, total }: Page,
  context: QueryContext,
): Promise<FindResult> {
  const { lookups, projection } = plan
  if (lookups.length === 0 && projection === undefined) return findResult(docs, total)
  const store = new DocumentStore()
  await loadJoined(lookups, docs, store, context)
  const joins = joinsOf(lookups, store)
  const project = projection === undefined ? undefined : compileProjection(projection)
  return findResult(
    docs.map((doc) => withLookups(doc, project?.(doc) ?? doc, lookups, joins)),
    total,
  )
}
