import { applyTransaction, targetOf } from '../../model/apply-transaction.ts'
import type { Doc } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { valuesAt } from '../../model/query/path.ts'
import type { LookupPlan } from '../../model/query/plan.ts'
import { compileCondition } from '../../model/query/predicate.ts'
import type { TxCollectionCUD, TxCUD, TxUpdateDoc } from '../../model/transactions.ts'
import type { Effect, Found } from './window.ts'

/** The documents that results carry under `$lookup`, kept up to date where that can be done without asking. */
export class JoinedCopies {
  readonly #lookups: readonly LookupPlan[]
  readonly #domains: ReadonlySet<string>

  constructor(lookups: readonly LookupPlan[]) {
    this.#lookups = lookups
    this.#domains = new Set(domainsOf(lookups))
  }

  /** Changes copies of the transaction's document in place of those in `docs`. */
  apply(tx: TxCUD, domain: string | undefined, docs: Map<string, Found>): Effect {
    if (domain === undefined || !this.#domains.has(domain)) return 'none'
    const target = targetOf(tx)
    const change = tx._class === core.class.TxCollectionCUD ? (tx as TxCollectionCUD).tx : tx
    const copies = [...docs.values()].filter((doc) => carries(doc, target._id))
    if (copies.length === 0) return this.#mayJoin(tx, docs, domain) ? 'unknown' : 'none'
    // What is joined by a field of the joined document may be joined elsewhere now.
    if (change._class !== core.class.TxUpdateDoc || this.#movesJoined(change as TxUpdateDoc, domain))
      return 'unknown'
    for (const doc of copies) docs.set(doc._id, withCopy(doc, target._id, tx))
    return this.#allowsStill(copies, docs) ? 'changed' : 'unknown'
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
  #mayJoin(tx: TxCUD, docs: ReadonlyMap<string, Found>, domain: string): boolean {
    const { _id, created } = targetOf(tx)
    const change = tx._class === core.class.TxCollectionCUD ? (tx as TxCollectionCUD).tx : tx
    if (change._class === core.class.TxRemoveDoc) return false
    const made = created ? applyTransaction(undefined, tx) : undefined
    return this.#lookups.some((lookup) => {
      if (lookup.nested.length > 0 && domainsOf(lookup.nested).includes(domain)) return true
      if (lookup.domain !== domain) return false
      if (lookup.direction === 'forward')
        return [...docs.values()].some((doc) => valuesAt(lookup.path)(doc).flat().includes(_id))
      return (
        made === undefined ||
        valuesAt(lookup.path)(made)
          .flat()
          .some((id) => docs.has(String(id)))
      )
    })
  }

  #movesJoined({ operations }: TxUpdateDoc, domain: string): boolean {
    const all = flatten(this.#lookups)
    const names = new Set(
      Object.entries(operations).flatMap(([key, value]) =>
        key.startsWith('$') ? Object.keys((value ?? {}) as object) : [key],
      ),
    )
    const first = (path: readonly string[]) => path[0] ?? ''
    const roots = new Set([...names].map((name) => name.split('.')[0] ?? ''))
    if (names.has('$pushMixin') || '$pushMixin' in operations) return true
    return all.some(
      (lookup) =>
        (lookup.domain === domain && lookup.direction === 'reverse' && roots.has(first(lookup.path))) ||
        lookup.nested.some((nested) => nested.direction === 'forward' && roots.has(first(nested.path))),
    )
  }

  /** Whether what is joined may be: of the class asked for. */
  #allowsStill(before: readonly Found[], docs: ReadonlyMap<string, Found>): boolean {
    return before.every(({ _id }) => {
      const doc = docs.get(_id)
      return this.#lookups.every((lookup) => {
        const allowed = compileCondition(lookup.condition)
        return [doc?.$lookup?.[lookup.name] ?? []].flat().every((joined) => allowed(joined as Doc))
      })
    })
  }
}

function domainsOf(lookups: readonly LookupPlan[]): string[] {
  return flatten(lookups).map(({ domain }) => domain)
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
  const changed = (joined: Found): Found => {
    const inner = withCopy(joined, id, tx)
    if (inner._id !== id) return inner
    const { $lookup, ...plain } = inner
    const after = applyTransaction(plain as Doc, tx) as Found
    return $lookup === undefined ? after : { ...after, $lookup }
  }
  const entries = Object.entries(doc.$lookup).map(([name, joined]) => [
    name,
    Array.isArray(joined) ? joined.map((each) => changed(each as Found)) : changed(joined as Found),
  ])
  return { ...doc, $lookup: Object.fromEntries(entries) as Record<string, unknown> }
}
