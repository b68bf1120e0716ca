import type { Doc } from '../documents.ts'
import { compareStrings } from './compare.ts'
import type { DocumentSource } from './document-source.ts'
import { valuesAt } from './path.ts'
import type { LookupPlan } from './plan.ts'
import { compileCondition, type Join, type Joins, type Predicate } from './predicate.ts'
import type { WithLookup } from './query.ts'
import { DOCUMENT_STEPS, stepsOfTests } from './query-price.ts'
import type { WorkMeter } from './work-meter.ts'

/** The joins of one run of a plan. Documents read from the source are cached for the run. */
export function joinsOf(lookups: readonly LookupPlan[], source: DocumentSource, meter?: WorkMeter): Joins {
  return new Map(lookups.map((lookup) => [lookup.name, joinOf(lookup, source, meter)]))
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

function joinOf(lookup: LookupPlan, source: DocumentSource, meter: WorkMeter | undefined): Join {
  const nested = joinsOf(lookup.nested, source, meter)
  const scan = { lookup, source, allowed: compileCondition(lookup.condition, nested, meter), meter }
  return { documents: lookup.direction === 'forward' ? forward(scan) : reverse(scan), nested }
}

interface Scan {
  lookup: LookupPlan
  source: DocumentSource
  allowed: Predicate
  meter: WorkMeter | undefined
}

function forward({ lookup, source, allowed, meter }: Scan): Join['documents'] {
  const values = valuesAt(lookup.path, meter)
  const steps = DOCUMENT_STEPS + stepsOfTests(lookup.condition)
  return (doc) => {
    const ids = values(doc).flat()
    meter?.spend(ids.length * steps)
    const docs = ids.flatMap((id) => (typeof id === 'string' ? (source.get(lookup.domain, id) ?? []) : []))
    return docs.filter(allowed)
  }
}

/** The documents are grouped once. Each of a group counts whenever it is joined. */
function reverse(scan: Scan): Join['documents'] {
  let byReference: Map<unknown, Doc[]> | undefined
  return (doc) => {
    byReference ??= groupByReference(scan)
    const docs = byReference.get(doc._id) ?? []
    scan.meter?.spend(1 + docs.length * DOCUMENT_STEPS)
    return docs
  }
}

function groupByReference({ lookup, source, allowed, meter }: Scan): Map<unknown, Doc[]> {
  const values = valuesAt(lookup.path, meter)
  const groups = new Map<unknown, Doc[]>()
  const all = [...source.documents(lookup.domain)]
  meter?.spend(all.length * (DOCUMENT_STEPS + stepsOfTests(lookup.condition)))
  const docs = all.filter(allowed)
  for (const doc of docs.sort((a, b) => compareStrings(a._id, b._id))) {
    for (const reference of new Set(values(doc).flat())) {
      const group = groups.get(reference)
      if (group === undefined) groups.set(reference, [doc])
      else group.push(doc)
    }
  }
  return groups
}
