import type { Doc } from '../../model/documents.ts'
import type { LookupPlan } from '../../model/query/plan.ts'
import type { Joins } from '../../model/query/predicate.ts'

/** A document as the server answered it: with what it joins, and without a projection. */
export type Found = Doc & { $lookup?: Record<string, unknown> }

/** What a transaction did: nothing, something, or something that only the server can tell. */
export type Effect = 'none' | 'changed' | 'unknown'

/** What documents carry under a name. */
export function embeddedIn(doc: Found | undefined, name: string): Found[] {
  return [doc?.$lookup?.[name] ?? []].flat() as Found[]
}

/** Joins that read what documents carry already. */
export function embeddedJoins(lookups: readonly LookupPlan[]): Joins {
  return new Map(
    lookups.map(({ name, nested }) => [
      name,
      { documents: (doc) => embeddedIn(doc, name), nested: embeddedJoins(nested) },
    ]),
  )
}

/** The document by itself. */
export function withoutJoins(found: Found): Doc {
  const { $lookup: _, ...doc } = found
  return doc as Doc
}

/** Calls back with each document that is carried, at any depth, and the domain it is of. */
export function forEachEmbedded(
  doc: Found,
  lookups: readonly LookupPlan[],
  visit: (domain: string, doc: Found) => void,
): void {
  for (const { name, domain, nested } of lookups)
    for (const carried of embeddedIn(doc, name)) {
      visit(domain, carried)
      forEachEmbedded(carried, nested, visit)
    }
}

export function domainsOf(lookups: readonly LookupPlan[]): string[] {
  return lookups.flatMap(({ domain, nested }) => [domain, ...domainsOf(nested)])
}
