import type { Doc } from '../documents.ts'
import type { DocumentSource } from './document-source.ts'
import { joinsOf, withLookups } from './join.ts'
import type { Condition, FindPlan } from './plan.ts'
import { compileCondition } from './predicate.ts'
import { compileProjection } from './projection.ts'
import { DOCUMENT_STEPS, stepsOfScan } from './query-price.ts'
import type { FindResult, WithLookup } from './query.ts'
import { sortDocuments } from './sort.ts'
import type { WorkMeter } from './work-meter.ts'

/**
 * Runs a plan over documents in memory. This defines the semantics of every storage adapter.
 * @param meter bounds the work: the documents times the tests before it begins, the rest before each part
 * @throws StatusError if the meter has not enough left
 */
export function evaluatePlan(plan: FindPlan, source: DocumentSource, meter?: WorkMeter): FindResult {
  const docs = [...candidates(plan, source)]
  meter?.spend(stepsOfScan(plan, docs.length))
  const joins = joinsOf(plan.lookups, source, meter)
  const matches = compileCondition(plan.condition, joins, meter)
  const found = docs.filter(matches)
  sortDocuments(found, plan.sort, joins, meter)
  const page = plan.limit === undefined ? found : found.slice(0, plan.limit)
  meter?.spend(page.length * DOCUMENT_STEPS)
  const project = plan.projection === undefined ? undefined : compileProjection(plan.projection)
  const results = page.map((doc) => withLookups(doc, project?.(doc) ?? doc, plan.lookups, joins))
  return findResult(results, plan.total ? found.length : -1)
}

/** Documents with their `total`, as clients receive them. */
export function findResult<T extends Doc>(docs: WithLookup<T>[], total: number): FindResult<T> {
  return Object.assign(docs, { total })
}

/** A query by id needs no scan. */
function candidates(plan: FindPlan, source: DocumentSource): Iterable<Doc> {
  const ids = idsOf(plan.condition)
  if (ids === undefined) return source.documents(plan.domain)
  return [...new Set(ids)].flatMap((id) => source.get(plan.domain, id) ?? [])
}

/** The only ids that can meet the condition; `undefined` if there is no such restriction. */
function idsOf(condition: Condition): string[] | undefined {
  if (condition.op === 'all-of') {
    for (const part of condition.conditions) {
      const ids = idsOf(part)
      if (ids !== undefined) return ids
    }
    return undefined
  }
  if (!('path' in condition) || condition.path.length !== 1 || condition.path[0] !== '_id') return undefined
  if (condition.op === 'eq') return [condition.value].filter(isString)
  return condition.op === 'in' ? condition.values.filter(isString) : undefined
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}
