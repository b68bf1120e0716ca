import { applyTransaction } from '../../model/apply-transaction.ts'
import type { Doc } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { valuesAt } from '../../model/query/path.ts'
import type { LookupPlan } from '../../model/query/plan.ts'
import { compileCondition, type Predicate } from '../../model/query/predicate.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { Change } from './change.ts'
import { embeddedIn, domainsOf, forEachEmbedded, type Effect, type Found, withoutJoins } from './found.ts'
import { overlap } from './invalidation.ts'
import type { SortedDocs } from './sorted-docs.ts'

/** Which documents results carry, and which they refer to. */
interface References {
  version: number
  /** By domain and id. */
  carried: ReadonlyMap<string, Found>
  /** Ids that the documents themselves name, by the lookup that follows them. */
  named: ReadonlyMap<LookupPlan, ReadonlySet<unknown>>
}

/** The documents that results carry under `$lookup`, kept up to date where that can be done without asking. */
export class LookupCache {
  readonly #lookups: readonly LookupPlan[]
  readonly #domains: ReadonlySet<string>
  readonly #allowed: ReadonlyMap<LookupPlan, Predicate>
  #references: References | undefined

  constructor(lookups: readonly LookupPlan[]) {
    this.#lookups = lookups
    this.#domains = new Set(domainsOf(lookups))
    this.#allowed = new Map(lookups.map((lookup) => [lookup, compileCondition(lookup.condition)]))
  }

  /** Changes copies of the transaction's document in place of those in `docs`. */
  apply(change: Change, docs: SortedDocs): Effect {
    const { domain, target, inner, tx, isOwn } = change
    if (domain === undefined || !this.#domains.has(domain)) return 'none'
    const { carried } = this.#referencesOf(docs)
    if (!carried.has(keyOf(domain, target._id)))
      return this.#mayJoin(change, domain, docs) ? 'unknown' : 'none'
    // What is joined by a field of the joined document may be joined elsewhere now.
    const moves = inner._class !== core.class.TxUpdateDoc || this.#movesJoined(change, domain)
    if (moves && !isOwn) return 'unknown'
    const changed = docs.sorted.filter((doc) => carries(doc, target._id)).map(({ _id }) => _id)
    for (const id of changed) docs.put(withCopy(docs.get(id) as Found, target._id, tx))
    return moves ? 'unknown' : this.#allowAll(changed, docs)
  }

  #allowAll(changed: readonly string[], docs: SortedDocs): Effect {
    return changed.every((id) => this.#allows(docs.get(id))) ? 'changed' : 'unknown'
  }

  /** A document that results carry. */
  find(domain: string, id: string, docs: SortedDocs): Found | undefined {
    return this.#domains.has(domain) ? this.#referencesOf(docs).carried.get(keyOf(domain, id)) : undefined
  }

  /** Whether a document of the window refers to others now. */
  changesLinks(before: Doc, after: Doc): boolean {
    return this.#lookups.some(({ direction, path }) => {
      if (direction === 'reverse') return false
      const values = valuesAt(path)
      return JSON.stringify(values(before)) !== JSON.stringify(values(after))
    })
  }

  /** Whether a document that nobody carries may be carried now. */
  #mayJoin(change: Change, domain: string, docs: SortedDocs): boolean {
    if (change.isRemoval) return false
    const { named } = this.#referencesOf(docs)
    const { created, target, touched } = change
    return this.#lookups.some((lookup) => {
      if (lookup.nested.length > 0 && domainsOf(lookup.nested).includes(domain)) return true
      if (lookup.domain !== domain) return false
      if (lookup.direction === 'forward') return named.get(lookup)?.has(target._id) === true
      if (created === undefined)
        return touched === undefined || touched.some((path) => overlap(path, lookup.path))
      const references = valuesAt(lookup.path)(created).flat()
      return references.some((id) => docs.get(String(id)) !== undefined)
    })
  }

  /** Whether it changes what decides who carries the document, or what that carries itself. */
  #movesJoined({ touched }: Change, domain: string): boolean {
    if (touched === undefined) return true
    const touches = (path: readonly string[]) => touched.some((other) => other[0] === path[0])
    return flatten(this.#lookups).some(
      (lookup) =>
        (lookup.domain === domain && lookup.direction === 'reverse' && touches(lookup.path)) ||
        lookup.nested.some((nested) => nested.direction === 'forward' && touches(nested.path)),
    )
  }

  /** Whether what is joined may be: of the class asked for. */
  #allows(doc: Found | undefined): boolean {
    return this.#lookups.every((lookup) => {
      const allowed = this.#allowed.get(lookup)
      return embeddedIn(doc, lookup.name).every((joined) => allowed?.(joined) !== false)
    })
  }

  #referencesOf(docs: SortedDocs): References {
    if (this.#references?.version === docs.version) return this.#references
    const carried = new Map<string, Found>()
    for (const doc of docs.sorted)
      forEachEmbedded(doc, this.#lookups, (domain, joined) => carried.set(keyOf(domain, joined._id), joined))
    const forward = this.#lookups.filter(({ direction }) => direction === 'forward')
    const named = new Map(
      forward.map((lookup) => {
        const values = valuesAt(lookup.path)
        return [lookup, new Set(docs.sorted.flatMap((doc) => values(doc).flat()))]
      }),
    )
    this.#references = { version: docs.version, carried, named }
    return this.#references
  }
}

function keyOf(domain: string, id: string): string {
  return `${domain}/${id}`
}

function flatten(lookups: readonly LookupPlan[]): LookupPlan[] {
  return lookups.flatMap((lookup) => [lookup, ...flatten(lookup.nested)])
}

function carries({ $lookup }: Found, id: string): boolean {
  return Object.values($lookup ?? {})
    .flat()
    .some((joined) => (joined as Found)._id === id || carries(joined as Found, id))
}

function withCopy<T extends Found>(doc: T, id: string, tx: TxCUD): T {
  if (doc.$lookup === undefined) return doc
  /** None, where it was removed. */
  const changed = (joined: Found): Found[] => {
    const inner = withCopy(joined, id, tx)
    if (inner._id !== id) return [inner]
    const after = applyTransaction(withoutJoins(inner), tx) as Found | undefined
    if (after === undefined) return []
    return [inner.$lookup === undefined ? after : { ...after, $lookup: inner.$lookup }]
  }
  const $lookup: Record<string, unknown> = {}
  for (const [name, joined] of Object.entries(doc.$lookup)) {
    const after = ([joined].flat() as Found[]).flatMap(changed)
    if (Array.isArray(joined)) $lookup[name] = after
    else if (after[0] !== undefined) $lookup[name] = after[0]
  }
  return { ...doc, $lookup }
}
