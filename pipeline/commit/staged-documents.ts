import type { Doc, Domain } from '../../model/documents.ts'

/** By their ids; none where it is removed. */
export type Staged = Map<string, Doc | undefined>

export function mapOf(map: Map<Domain, Staged>, domain: Domain): Staged {
  let inner = map.get(domain)
  if (inner === undefined) map.set(domain, (inner = new Map()))
  return inner
}

/** What is found once those that are staged are there. */
export function overlaid(found: readonly Doc[], staged: Staged, matches: (doc: Doc) => boolean): Doc[] {
  const kept = found.filter((doc) => !staged.has(doc._id))
  for (const doc of staged.values()) if (doc !== undefined && matches(doc)) kept.push(doc)
  return kept
}
