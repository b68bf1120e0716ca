import type { Doc } from '../documents.ts'
import { compareStrings } from './compare.ts'
import type { DocumentSource } from './document-source.ts'
import { valuesAt } from './path.ts'
import type { LookupPlan } from './plan.ts'
import { compileCondition, type Join, type Joins, type Predicate } from './predicate.ts'
import type { WithLookup } from './query.ts'

/** The joins of one run of a plan. Documents read from the source are cached for the run. */
export function joinsOf(lookups: readonly LookupPlan[], source: DocumentSource): Joins {
  return new Map(lookups.map((lookup) => [lookup.name, joinOf(lookup, source)]))
}

/** `shown` with the documents joined to `doc` under `$lookup`. */
export function withLookups(
  doc: Doc,
  shown: Doc,
  lookups: readonly LookupPlan[],
  joins: Joins,
): WithLookup<Doc> {
  if (lookups.length === 0) return shown
  const $lookup: Record<string, unknown> = {}
  for (const lookup of lookups) {
    const joined = joinedValue(doc, lookup, joins)
    if (joined !== undefined) $lookup[lookup.name] = joined
  }
  return { ...shown, $lookup }
}

function joinedValue(doc: Doc, lookup: LookupPlan, joins: Joins): unknown {
  const join = joins.get(lookup.name)
  if (join === undefined) return undefined
  const docs = join.documents(doc).map((joined) => withLookups(joined, joined, lookup.nested, join.nested))
  return lookup.direction === 'reverse' || hasManyAt(doc, lookup) ? docs : docs[0]
}

function hasManyAt(doc: Doc, lookup: LookupPlan): boolean {
  const values = valuesAt(lookup.path)(doc)
  return values.length > 1 || Array.isArray(values[0])
}

function joinOf(lookup: LookupPlan, source: DocumentSource): Join {
  const nested = joinsOf(lookup.nested, source)
  const allowed = compileCondition(lookup.condition, nested)
  const documents =
    lookup.direction === 'forward' ? forward(lookup, allowed, source) : reverse(lookup, allowed, source)
  return { documents, nested }
}

function forward(lookup: LookupPlan, allowed: Predicate, source: DocumentSource): Join['documents'] {
  const values = valuesAt(lookup.path)
  return (doc) => {
    const docs = values(doc)
      .flat()
      .flatMap((id) => (typeof id === 'string' ? (source.get(lookup.domain, id) ?? []) : []))
    return docs.filter(allowed)
  }
}

function reverse(lookup: LookupPlan, allowed: Predicate, source: DocumentSource): Join['documents'] {
  let byReference: Map<unknown, Doc[]> | undefined
  return (doc) => {
    byReference ??= groupByReference(lookup, allowed, source)
    return byReference.get(doc._id) ?? []
  }
}

function groupByReference(
  lookup: LookupPlan,
  allowed: Predicate,
  source: DocumentSource,
): Map<unknown, Doc[]> {
  const values = valuesAt(lookup.path)
  const groups = new Map<unknown, Doc[]>()
  const docs = [...source.documents(lookup.domain)].filter(allowed)
  for (const doc of docs.sort((a, b) => compareStrings(a._id, b._id))) {
    for (const reference of new Set(values(doc).flat())) {
      const group = groups.get(reference)
      if (group === undefined) groups.set(reference, [doc])
      else group.push(doc)
    }
  }
  return groups
}
