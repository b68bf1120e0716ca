import { core } from '../../model/identifiers.ts'
import { applyTransaction } from '../../model/apply-transaction.ts'
import type { Doc } from '../../model/documents.ts'
import { valuesAt } from '../../model/query/path.ts'
import type { LookupPlan } from '../../model/query/plan.ts'
import { compileCondition, type Predicate } from '../../model/query/predicate.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { Change } from './change.ts'
import { domainsOf, type Effect, embeddedIn, forEachEmbedded, type Found, withoutJoins } from './found.ts'
import { overlap } from './invalidation.ts'
import type { SortedDocs } from './sorted-docs.ts'

/** An index of the embedded documents of a result, and of the ids that its documents refer to. */
interface References {
  /** Of the documents that it was built from. */
  version: number
  /** By domain and id. */
  embedded: ReadonlyMap<string, Found>
  /** The values at the paths of forward lookups. */
  referenced: ReadonlyMap<LookupPlan, ReadonlySet<unknown>>
}

/** Updates the documents that a result embeds under `$lookup`, as far as that is possible without the server. */
export class LookupCache {
  readonly #lookups: readonly LookupPlan[]
  readonly #domains: ReadonlySet<string>
  readonly #conditions: ReadonlyMap<LookupPlan, Predicate>
  #references: References | undefined

  constructor(lookups: readonly LookupPlan[]) {
    this.#lookups = lookups
    this.#domains = new Set(domainsOf(lookups))
    this.#conditions = new Map(lookups.map((lookup) => [lookup, compileCondition(lookup.condition)]))
  }

  /** Applies a change to the embedded copies in `docs`. */
  apply(change: Change, docs: SortedDocs): Effect {
    const { domain, target, inner, tx, isOwn } = change
    if (domain === undefined || !this.#domains.has(domain)) return 'none'
    const { embedded } = this.#referencesOf(docs)
    if (!embedded.has(keyOf(domain, target._id)))
      return this.#mayJoin(change, domain, docs) ? 'unknown' : 'none'
    // The document may be embedded in others than before.
    const moves = inner._class !== core.class.TxUpdateDoc || this.#movesJoined(change, domain)
    if (moves && !isOwn) return 'unknown'
    const affected = docs.sorted.filter((doc) => embeds(doc, target._id))
    for (const doc of affected) docs.put(withChanged(doc, target._id, tx))
    if (moves) return 'unknown'
    return affected.every(({ _id }) => this.#meetsConditions(docs.get(_id))) ? 'changed' : 'unknown'
  }

  /** An embedded document. */
  find(domain: string, id: string, docs: SortedDocs): Found | undefined {
    return this.#domains.has(domain) ? this.#referencesOf(docs).embedded.get(keyOf(domain, id)) : undefined
  }

  /** Whether the references of a document have changed. */
  changesLinks(before: Doc, after: Doc): boolean {
    return this.#lookups.some(({ direction, path }) => {
      if (direction === 'reverse') return false
      const values = valuesAt(path)
      return JSON.stringify(values(before)) !== JSON.stringify(values(after))
    })
  }

  /** Whether a document that is not embedded may have to be after the change. */
  #mayJoin(change: Change, domain: string, docs: SortedDocs): boolean {
    if (change.isRemoval) return false
    const { referenced } = this.#referencesOf(docs)
    const { created, target, touched } = change
    return this.#lookups.some((lookup) => {
      if (lookup.nested.length > 0 && domainsOf(lookup.nested).includes(domain)) return true
      if (lookup.domain !== domain) return false
      if (lookup.direction === 'forward') return referenced.get(lookup)?.has(target._id) === true
      if (created === undefined)
        return touched === undefined || touched.some((path) => overlap(path, lookup.path))
      const references = valuesAt(lookup.path)(created).flat()
      return references.some((id) => docs.get(String(id)) !== undefined)
    })
  }

  /** Whether the change touches a reference by which the document is embedded, or by which it embeds others. */
  #movesJoined({ touched }: Change, domain: string): boolean {
    if (touched === undefined) return true
    const touches = (path: readonly string[]) => touched.some((other) => other[0] === path[0])
    return flatten(this.#lookups).some(
      (lookup) =>
        (lookup.domain === domain && lookup.direction === 'reverse' && touches(lookup.path)) ||
        lookup.nested.some((nested) => nested.direction === 'forward' && touches(nested.path)),
    )
  }

  /** Whether the embedded documents meet the conditions of their lookups, such as on the class. */
  #meetsConditions(doc: Found | undefined): boolean {
    return this.#lookups.every((lookup) => {
      const condition = this.#conditions.get(lookup)
      return embeddedIn(doc, lookup.name).every((joined) => condition?.(joined) !== false)
    })
  }

  #referencesOf(docs: SortedDocs): References {
    if (this.#references?.version === docs.version) return this.#references
    const embedded = new Map<string, Found>()
    for (const doc of docs.sorted)
      forEachEmbedded(doc, this.#lookups, (domain, joined) => embedded.set(keyOf(domain, joined._id), joined))
    const forward = this.#lookups.filter(({ direction }) => direction === 'forward')
    const referenced = new Map(
      forward.map((lookup) => {
        const values = valuesAt(lookup.path)
        return [lookup, new Set(docs.sorted.flatMap((doc) => values(doc).flat()))]
      }),
    )
    this.#references = { version: docs.version, embedded, referenced }
    return this.#references
  }
}

function keyOf(domain: string, id: string): string {
  return `${domain}/${id}`
}

function flatten(lookups: readonly LookupPlan[]): LookupPlan[] {
  return lookups.flatMap((lookup) => [lookup, ...flatten(lookup.nested)])
}

function embeds(doc: Found, id: string): boolean {
  return Object.keys(doc.$lookup ?? {}).some((name) =>
    embeddedIn(doc, name).some((joined) => joined._id === id || embeds(joined, id)),
  )
}

/** The document with the transaction applied to the embedded document of this id, at any depth. */
function withChanged<T extends Found>(doc: T, id: string, tx: TxCUD): T {
  if (doc.$lookup === undefined) return doc
  /** None if it was removed. */
  const changed = (joined: Found): Found[] => {
    const inner = withChanged(joined, id, tx)
    if (inner._id !== id) return [inner]
    const after = applyTransaction(withoutJoins(inner), tx)
    if (after === undefined) return []
    return [inner.$lookup === undefined ? after : { ...after, $lookup: inner.$lookup }]
  }
  const $lookup: Record<string, unknown> = {}
  for (const [name, joined] of Object.entries(doc.$lookup)) {
    const after = embeddedIn(doc, name).flatMap(changed)
    if (Array.isArray(joined)) $lookup[name] = after
    else if (after[0] !== undefined) $lookup[name] = after[0]
  }
  return { ...doc, $lookup }
}
