import type { Doc } from '../../model/documents.ts'
import { fieldsOf } from '../../model/json-value.ts'
import type { Condition, FindPlan, LookupPlan, Path, SortKey } from '../../model/query/plan.ts'
import { compileSort } from '../../model/query/sort.ts'
import type { FindResult, WithLookup } from '../../model/query/query.ts'
import { plainPlan } from '../shared/plain-plan.ts'

export type FetchDocs = (plan: FindPlan) => Promise<FindResult>

/** Replaces joined conditions and sorts with plain ones, by fetching the joined documents. */
export async function withoutJoins(plan: FindPlan, fetch: FetchDocs): Promise<FindPlan> {
  const joins = { lookups: new Map(plan.lookups.map((lookup) => [lookup.name, lookup])), fetch }
  const condition = await plainCondition(plan.condition, joins)
  const sort = await Promise.all(plan.sort.map((key) => plainSort(key, joins)))
  return { ...plan, condition, sort }
}

interface Joins {
  lookups: Map<string, LookupPlan>
  fetch: FetchDocs
}

async function plainCondition(condition: Condition, joins: Joins): Promise<Condition> {
  if ('conditions' in condition) {
    const conditions = await Promise.all(condition.conditions.map((each) => plainCondition(each, joins)))
    return { ...condition, conditions }
  }
  if (condition.op !== 'lookup') return condition
  const lookup = joins.lookups.get(condition.name)
  if (lookup === undefined) return { op: 'any-of', conditions: [] }
  const joined = await joins.fetch(planOf(lookup, [condition.condition]))
  return matching(lookup, joined)
}

/** The condition that one of these documents is joined. */
function matching(lookup: LookupPlan, joined: readonly Doc[]): Condition {
  if (lookup.direction === 'forward') {
    return { op: 'in', path: lookup.path, values: joined.map(({ _id }) => _id) }
  }
  const values = joined.flatMap((doc) => idsAt(doc, lookup.path))
  return { op: 'in', path: ['_id'], values }
}

/** Sorts by the rank of the joined document among all documents of the lookup. */
async function plainSort(key: SortKey, joins: Joins): Promise<SortKey> {
  const lookup = key.lookup === undefined ? undefined : joins.lookups.get(key.lookup)
  if (lookup === undefined) return key
  const { lookup: _, ...within } = key
  const joined = await joins.fetch(planOf(lookup, []))
  const compare = compileSort([{ ...within, order: 1 }])
  const cases = [...joined].sort(compare).map((doc, index) => ({ condition: matching(lookup, [doc]), index }))
  return { path: lookup.path, order: key.order, cases, default: -1 }
}

function planOf(lookup: LookupPlan, conditions: Condition[]): FindPlan {
  const condition: Condition = { op: 'all-of', conditions: [lookup.condition, ...conditions] }
  return plainPlan(lookup.domain, condition)
}

/** Adds the joined documents, with one query per lookup and level. */
export async function attachLookups(
  docs: readonly Doc[],
  lookups: readonly LookupPlan[],
  fetch: FetchDocs,
): Promise<WithLookup<Doc>[]> {
  const results = docs.map((doc): Joined => ({ ...doc, $lookup: {} }))
  if (lookups.length === 0) return [...docs]
  for (const lookup of lookups) {
    const joined = byKey(await joinedDocs(results, lookup, fetch), lookup)
    for (const doc of results) assign(doc, lookup, joined)
  }
  return results
}

async function joinedDocs(docs: readonly Doc[], lookup: LookupPlan, fetch: FetchDocs): Promise<Doc[]> {
  const forward = lookup.direction === 'forward'
  const values = forward ? docs.flatMap((doc) => idsAt(doc, lookup.path)) : docs.map(({ _id }) => _id)
  const path = forward ? ['_id'] : lookup.path
  const found = await fetch(planOf(lookup, [{ op: 'in', path, values: [...new Set(values)] }]))
  return await attachLookups(found, lookup.nested, fetch)
}

type Joined = Doc & { $lookup: Record<string, unknown> }
type DocsByKey = ReadonlyMap<string, readonly Doc[]>

/** Joined documents by what results refer to them with: their id, or the ids at the path of a reverse lookup. */
function byKey(joined: readonly Doc[], { direction, path }: LookupPlan): DocsByKey {
  const groups = new Map<string, Doc[]>()
  for (const doc of joined) {
    for (const key of direction === 'forward' ? [doc._id] : new Set(idsAt(doc, path))) {
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [doc])
      else group.push(doc)
    }
  }
  return groups
}

function assign(doc: Joined, lookup: LookupPlan, joined: DocsByKey): void {
  const target = doc.$lookup
  if (lookup.direction === 'reverse') {
    target[lookup.name] = joined.get(doc._id) ?? []
    return
  }
  const found = [...new Set(idsAt(doc, lookup.path))].flatMap((id) => joined.get(id) ?? [])
  if (Array.isArray(valueAt(doc, lookup.path))) target[lookup.name] = found
  else if (found[0] !== undefined) target[lookup.name] = found[0]
}

function idsAt(doc: Doc, path: Path): string[] {
  const value = valueAt(doc, path)
  const values: unknown[] = Array.isArray(value) ? value : [value]
  return values.filter((each) => typeof each === 'string')
}

function valueAt(doc: Doc, path: Path): unknown {
  let value: unknown = doc
  for (const field of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) return undefined
    value = fieldsOf(value)[field]
  }
  return value
}
