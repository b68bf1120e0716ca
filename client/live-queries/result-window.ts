import { applyTransaction } from '../../model/apply-transaction.ts'
import type { Doc } from '../../model/documents.ts'
import type { DocumentSource } from '../../model/query/document-source.ts'
import { joinsOf, withLookups } from '../../model/query/join.ts'
import type { Condition, FindPlan } from '../../model/query/plan.ts'
import { compileCondition, type Predicate } from '../../model/query/predicate.ts'
import { compileSort } from '../../model/query/sort.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { Change } from './change.ts'
import { embeddedJoins, type Effect, forEachEmbedded, type Found, withoutJoins } from './found.ts'
import { LookupCache } from './lookup-cache.ts'
import { InvalidationFilter } from './invalidation.ts'
import { SortedDocs } from './sorted-docs.ts'

/** Documents kept beyond a limit, so that those that leave can be replaced without asking. */
const SPARE = 10

const nothing: DocumentSource = { get: () => undefined, documents: () => [] }

/** As many as are worth asking for, to show `limit` of them. */
export function windowLimit(limit: number | undefined): number | undefined {
  return limit === undefined ? undefined : limit + Math.min(limit, SPARE)
}

/**
 * The beginning of a query's result, kept up to date by transactions: all documents of it up to a place in its order,
 * or simply all.
 */
export class ResultWindow {
  readonly #plan: FindPlan
  readonly #matches: Predicate
  readonly #joined: LookupCache
  readonly #gate: InvalidationFilter
  readonly #compare: (a: Doc, b: Doc) => number
  #docs: SortedDocs
  /** Documents that sort after this one are not known; undefined: all are. */
  #last: Doc | undefined
  /** Everything known has left, though there is more. */
  #isCut = false
  /** How many match, where the query asks for it. */
  #total: number
  /** What new documents of the window may be joined with. */
  #known: () => DocumentSource = () => nothing
  #isFork = false

  constructor(plan: FindPlan, docs: readonly Found[], total: number) {
    this.#plan = plan
    const joins = embeddedJoins(plan.lookups)
    this.#matches = compileCondition(plan.condition, joins)
    this.#compare = compileSort(plan.sort, joins)
    this.#joined = new LookupCache(plan.lookups)
    this.#gate = new InvalidationFilter(plan)
    this.#docs = new SortedDocs(this.#compare, docs)
    const limit = windowLimit(plan.limit)
    this.#last = limit === undefined || docs.length < limit ? undefined : docs.at(-1)
    this.#total = total
  }

  /** Another one with the same content, to try transactions on: `rejoin` it after the last one. */
  fork(): ResultWindow {
    const copy = new ResultWindow(this.#plan, [], this.#total)
    copy.#docs = this.#docs.fork()
    copy.#last = this.#last
    copy.#isCut = this.#isCut
    copy.#known = this.#known
    copy.#isFork = true
    return copy
  }

  /** What new documents of the window are joined with until the server has told. */
  joinWith(known: () => DocumentSource): void {
    this.#known = known
  }

  /** What the query's result is, before its projection; fewer than its limit when more are not known. */
  get docs(): Found[] {
    return this.#docs.sorted.slice(0, this.#plan.limit)
  }

  get total(): number {
    return this.#total
  }

  /** A document it has, or that others of it carry. */
  find(domain: string, id: string): Found | undefined {
    const own = domain === this.#plan.domain ? this.#docs.get(id) : undefined
    return own ?? this.#joined.find(domain, id, this.#docs)
  }

  /** Calls back with all documents it has, those that others carry too. */
  each(visit: (domain: string, doc: Found) => void): void {
    for (const doc of this.#docs.sorted) {
      visit(this.#plan.domain, doc)
      forEachEmbedded(doc, this.#plan.lookups, visit)
    }
  }

  apply(tx: TxCUD, domain: string | undefined): Effect {
    return this.take(new Change(tx, domain))
  }

  /** As `apply`, of a change that others look at too. */
  take(change: Change): Effect {
    const joins = this.#plan.lookups.length === 0 ? 'none' : this.#joined.apply(change, this.#docs)
    const own = change.domain === this.#plan.domain ? this.#applyToOwn(change) : 'none'
    // What was shown before it was committed is shown until the server has told.
    if (joins === 'unknown' && change.isOwn && !this.#isFork) this.rejoin()
    else if (joins !== 'none' && dependsOnJoins(this.#plan)) this.#dropUnmatched()
    return joins === 'unknown' || own === 'none' ? joins : own
  }

  /**
   * A document that was made.
   *
   * @param isOwn made here: it is shown at once, joined with what is known, until the server has told
   */
  enters(doc: Doc | undefined, isOwn = false): Effect {
    if (doc === undefined) return 'none'
    const isJoined = this.#plan.lookups.length > 0
    if (isJoined && !isOwn && dependsOnJoins(this.#plan)) return 'unknown'
    const found = isOwn ? this.#complete(doc) : doc
    if (!this.#matches(found)) return 'none'
    const isBeyond = this.#isBeyond(found)
    if (isJoined && !isOwn && !isBeyond) return 'unknown'
    if (this.#plan.total) this.#total += 1
    if (isBeyond) return this.#plan.total ? 'changed' : 'none'
    this.#docs.put(found)
    this.#trim()
    return isJoined ? 'unknown' : 'changed'
  }

  /** Joins everything anew with what is known. */
  rejoin(): void {
    if (this.#plan.lookups.length === 0) return
    const joins = joinsOf(this.#plan.lookups, this.#known())
    for (const doc of this.#docs.sorted.slice()) {
      const plain = withoutJoins(doc)
      this.#docs.put(withLookups(plain, plain, this.#plan.lookups, joins))
    }
    if (dependsOnJoins(this.#plan)) this.#dropUnmatched()
  }

  /** Whether a document, by itself, may be one of the result. */
  mayHold(doc: Doc): boolean {
    return dependsOnJoins(this.#plan) || this.#matches(doc)
  }

  #applyToOwn(change: Change): Effect {
    const { target, tx } = change
    const { _id, created } = target
    const before = this.#docs.get(_id)
    if (before === undefined)
      return created ? this.enters(change.created, change.isOwn) : this.#applyToUnknown(change)
    const doc = withoutJoins(before)
    const plain = applyTransaction(created ? undefined : doc, tx)
    if (plain === undefined) return this.#leaves(_id)
    const isLinked = this.#joined.changesLinks(doc, plain)
    const after = isLinked && change.isOwn ? this.#complete(plain) : withJoinsOf(before, plain)
    if (!this.#matches(after)) return this.#leaves(_id)
    if (isLinked && !change.isOwn) return 'unknown'
    this.#docs.put(after)
    const effect = this.#moved(before, after)
    return isLinked ? 'unknown' : effect
  }

  #moved(before: Found, after: Found): Effect {
    if (this.#last?._id === after._id) return this.#lastMoved(before, after)
    // Between documents nobody has told of: it may be anywhere.
    return this.#isBeyond(after) ? this.#left(after._id) : 'changed'
  }

  /** A document that is not in the window: whether it comes in, or counts. */
  #applyToUnknown(change: Change): Effect {
    return this.#gate.invalidates(change, this.#knowsAll) ? 'unknown' : 'none'
  }

  #complete(doc: Doc): Found {
    const { lookups } = this.#plan
    return lookups.length === 0 ? doc : withLookups(doc, doc, lookups, joinsOf(lookups, this.#known()))
  }

  #leaves(id: string): Effect {
    if (this.#plan.total) this.#total -= 1
    return this.#left(id)
  }

  #left(id: string): Effect {
    this.#docs.delete(id)
    if (this.#last?._id === id) {
      this.#last = this.#docs.last
      if (this.#last === undefined) this.#isCut = true
    }
    const isShort = this.#plan.limit !== undefined && this.#docs.size < this.#plan.limit
    return isShort && !this.#knowsAll ? 'unknown' : 'changed'
  }

  /** The last known one has moved: up, the one before it is the last; down, others may come before it. */
  #lastMoved(before: Doc, after: Doc): Effect {
    const order = this.#compare(after, before)
    if (order > 0) return this.#left(after._id)
    this.#last = order === 0 ? after : this.#docs.last
    return 'changed'
  }

  #isBeyond(doc: Doc): boolean {
    return this.#last !== undefined && this.#last._id !== doc._id && this.#compare(doc, this.#last) > 0
  }

  get #knowsAll(): boolean {
    return this.#last === undefined && !this.#isCut
  }

  /** Those whose joined documents do not meet the condition any more. */
  #dropUnmatched(): void {
    for (const doc of this.#docs.sorted.slice()) if (!this.#matches(doc)) this.#leaves(doc._id)
  }

  /** A window that only grew would hold all in the end. */
  #trim(): void {
    const { limit } = this.#plan
    if (limit === undefined || this.#docs.size <= limit + 2 * SPARE) return
    this.#docs.truncate(limit + SPARE)
    this.#last = this.#docs.last
  }
}

/** Whether what is joined decides what is found, or in what order. */
export function dependsOnJoins(plan: FindPlan): boolean {
  return plan.sort.some(({ lookup }) => lookup !== undefined) || looksUp(plan.condition)
}

function looksUp(condition: Condition): boolean {
  if ('conditions' in condition) return condition.conditions.some(looksUp)
  return condition.op === 'lookup'
}

function withJoinsOf({ $lookup }: Found, after: Doc): Found {
  return $lookup === undefined ? after : { ...after, $lookup }
}
