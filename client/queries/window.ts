import { applyTransaction, targetOf } from '../../model/apply-transaction.ts'
import type { Doc } from '../../model/documents.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import { compileCondition, type Predicate } from '../../model/query/predicate.ts'
import { type Comparator, compileSort } from '../../model/query/sort.ts'
import { core } from '../../model/identifiers.ts'
import type { TxCollectionCUD, TxCUD } from '../../model/transactions.ts'
import { JoinedCopies } from './joined-copies.ts'
import { mayEnter } from './may-enter.ts'

/** A document as the server answered it: with what it joins, and without a projection. */
export type Found = Doc & { $lookup?: Record<string, unknown> }

/** What a transaction did: nothing, something, or something that only the server can tell. */
export type Effect = 'none' | 'changed' | 'unknown'

/** Documents kept beyond a limit, so that those that leave can be replaced without asking. */
const SPARE = 10

/** As many as are worth asking for, to show `limit` of them. */
export function windowLimit(limit: number | undefined): number | undefined {
  return limit === undefined ? undefined : limit + Math.min(limit, SPARE)
}

/**
 * The beginning of a query's result, kept up to date by transactions: all documents of it up to a place in its order,
 * or simply all.
 */
export class Window {
  readonly #plan: FindPlan
  readonly #matches: Predicate
  readonly #compare: Comparator
  readonly #joined: JoinedCopies
  readonly #docs: Map<string, Found>
  /** Documents that sort after this one are not known; undefined: all are. */
  #last: Doc | undefined
  /** How many match, where the query asks for it. */
  #total: number

  constructor(plan: FindPlan, docs: readonly Found[], total: number) {
    this.#plan = plan
    this.#matches = compileCondition(plan.condition)
    this.#compare = compileSort(plan.sort)
    this.#joined = new JoinedCopies(plan.lookups)
    this.#docs = new Map(docs.map((doc) => [doc._id, doc]))
    const limit = windowLimit(plan.limit)
    this.#last = limit === undefined || docs.length < limit ? undefined : docs.at(-1)
    this.#total = total
  }

  /** Another one with the same content, to try transactions on. */
  fork(): Window {
    const copy = new Window(this.#plan, [], this.#total)
    for (const [id, doc] of this.#docs) copy.#docs.set(id, doc)
    copy.#last = this.#last
    return copy
  }

  /** What the query's result is, before its projection; fewer than its limit when more are not known. */
  get docs(): Found[] {
    const sorted = [...this.#docs.values()].sort(this.#compare)
    return this.#plan.limit === undefined ? sorted : sorted.slice(0, this.#plan.limit)
  }

  get total(): number {
    return this.#total
  }

  apply(tx: TxCUD, domain: string | undefined): Effect {
    const joins = this.#plan.lookups.length === 0 ? 'none' : this.#joined.apply(tx, domain, this.#docs)
    if (joins === 'unknown' || domain !== this.#plan.domain) return joins
    const own = this.#applyToOwn(tx)
    return own === 'none' ? joins : own
  }

  #applyToOwn(tx: TxCUD): Effect {
    const { _id, created } = targetOf(tx)
    const before = this.#docs.get(_id)
    if (before === undefined)
      return created ? this.#enters(applyTransaction(undefined, tx)) : this.#applyToUnknown(tx)
    const { $lookup, ...doc } = before
    const after = applyTransaction(created ? undefined : (doc as Doc), tx)
    if (after === undefined || !this.#matches(after)) return this.#leaves(_id)
    if (this.#joined.changesLinks(before, after)) return 'unknown'
    this.#docs.set(_id, $lookup === undefined ? after : { ...after, $lookup })
    if (this.#last?._id === _id) return this.#lastMoved(before, after)
    // Between documents nobody has told of: it may be anywhere.
    return this.#isBeyond(after) ? this.#left(_id) : 'changed'
  }

  /** A document that is not in the window: whether it comes in, or counts. */
  #applyToUnknown(tx: TxCUD): Effect {
    // With all of them known, one that is not there does not count either.
    if (isRemoval(tx) && this.#knowsAll) return 'none'
    return mayEnter(this.#plan, tx) ? 'unknown' : 'none'
  }

  #enters(doc: Doc | undefined): Effect {
    if (doc === undefined || !this.#matches(doc)) return 'none'
    if (this.#plan.total) this.#total += 1
    if (this.#isBeyond(doc)) return this.#plan.total ? 'changed' : 'none'
    if (this.#plan.lookups.length > 0) return 'unknown'
    this.#docs.set(doc._id, doc)
    this.#trim()
    return 'changed'
  }

  #leaves(id: string): Effect {
    if (this.#plan.total) this.#total -= 1
    return this.#left(id)
  }

  #left(id: string): Effect {
    if (this.#last?._id === id) this.#last = this.#lastBut(id)
    this.#docs.delete(id)
    const isShort = this.#plan.limit !== undefined && this.#docs.size < this.#plan.limit
    return isShort && !this.#knowsAll ? 'unknown' : 'changed'
  }

  /** The last known one has moved: up, the one before it is the last; down, others may come before it. */
  #lastMoved(before: Doc, after: Doc): Effect {
    const order = this.#compare(after, before)
    if (order === 0) {
      this.#last = after
      return 'changed'
    }
    if (order > 0) return this.#left(after._id)
    this.#last = [...this.#docs.values()].sort(this.#compare).at(-1)
    return 'changed'
  }

  #isBeyond(doc: Doc): boolean {
    return this.#last !== undefined && this.#last._id !== doc._id && this.#compare(doc, this.#last) > 0
  }

  get #knowsAll(): boolean {
    return this.#last === undefined && !this.#isCut
  }

  /** Everything known has left, though there is more. */
  #isCut = false

  #lastBut(id: string): Doc | undefined {
    const others = [...this.#docs.values()].filter(({ _id }) => _id !== id).sort(this.#compare)
    if (others.length === 0) this.#isCut = true
    return others.at(-1)
  }

  /** A window that only grew would hold all in the end. */
  #trim(): void {
    const { limit } = this.#plan
    if (limit === undefined || this.#docs.size <= limit + 2 * SPARE) return
    const sorted = [...this.#docs.values()].sort(this.#compare)
    for (const { _id } of sorted.slice(limit + SPARE)) this.#docs.delete(_id)
    this.#last = sorted[limit + SPARE - 1]
  }
}

function isRemoval(tx: TxCUD): boolean {
  const change = tx._class === core.class.TxCollectionCUD ? (tx as TxCollectionCUD).tx : tx
  return change._class === core.class.TxRemoveDoc
}
