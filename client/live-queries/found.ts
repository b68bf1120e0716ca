import type { Doc } from '../../model/documents.ts'
import type { LookupPlan } from '../../model/query/plan.ts'
import type { Joins } from '../../model/query/predicate.ts'
import type { WithLookup } from '../../model/query/query.ts'

/** A document of a result, before its projection. Documents joined to it are embedded under `$lookup`. */
export type Found = WithLookup<Doc>

/** The effect of a change on a result. `unknown`: only the server can compute it. */
export type Effect = 'none' | 'changed' | 'unknown'

/** The documents embedded under a name. */
export function embeddedIn(doc: Found | undefined, name: string): Found[] {
  // The server, or `withLookups`, has put documents there: one or an array.
  return [doc?.$lookup?.[name] ?? []].flat() as Found[]
}

/** Joins that return the embedded documents. */
export function embeddedJoins(lookups: readonly LookupPlan[]): Joins {
  return new Map(
    lookups.map(({ name, nested }) => [
      name,
      { documents: (doc) => embeddedIn(doc, name), nested: embeddedJoins(nested) },
    ]),
  )
}

/** The document without the embedded ones. */
export function withoutJoins(found: Found): Doc {
  const { $lookup: _, ...doc } = found
  return doc
}

/** Calls back with each embedded document, at any depth, and its domain. */
export function forEachEmbedded(
  doc: Found,
  lookups: readonly LookupPlan[],
  visit: (domain: string, doc: Found) => void,
): void {
  for (const { name, domain, nested } of lookups)
    for (const embedded of embeddedIn(doc, name)) {
      visit(domain, embedded)
      forEachEmbedded(embedded, nested, visit)
    }
}

export function domainsOf(lookups: readonly LookupPlan[]): string[] {
  return lookups.flatMap(({ domain, nested }) => [domain, ...domainsOf(nested)])
}
