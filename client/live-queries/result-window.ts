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

/** Documents beyond the limit: they replace documents that leave the result, without another request. */
const SPARE = 10

const nothing: DocumentSource = { get: () => undefined, documents: () => [] }

/** The limit of the request for a result of `limit` documents. */
export function windowLimit(limit: number | undefined): number | undefined {
  return limit === undefined ? undefined : limit + Math.min(limit, SPARE)
}

/**
 * The first documents of a query's result, up to a position in its order or all of them, updated by transactions.
 */
export class ResultWindow {
  readonly #plan: FindPlan
  readonly #matches: Predicate
  readonly #lookups: LookupCache
  readonly #filter: InvalidationFilter
  readonly #compare: (a: Doc, b: Doc) => number
  #docs: SortedDocs
  /** The last document: those that sort after it are unknown. `undefined`: the window is complete. */
  #last: Doc | undefined
  /** The window became empty, though there are more documents. */
  #isDrained = false
  /** The number of documents that match, if the query wants it. */
  #total: number
  /** The documents that new ones are joined with. */
  #known: () => DocumentSource = () => nothing
  #isFork = false

  constructor(plan: FindPlan, docs: readonly Found[], total: number) {
    this.#plan = plan
    const joins = embeddedJoins(plan.lookups)
    this.#matches = compileCondition(plan.condition, joins)
    this.#compare = compileSort(plan.sort, joins)
    this.#lookups = new LookupCache(plan.lookups)
    this.#filter = new InvalidationFilter(plan)
    this.#docs = new SortedDocs(this.#compare, docs)
    const limit = windowLimit(plan.limit)
    this.#last = limit === undefined || docs.length < limit ? undefined : docs.at(-1)
    this.#total = total
  }

  /** A copy for pending changes. Call its `rejoin` after the last of them. */
  fork(): ResultWindow {
    const copy = new ResultWindow(this.#plan, [], this.#total)
    copy.#docs = this.#docs.fork()
    copy.#last = this.#last
    copy.#isDrained = this.#isDrained
    copy.#known = this.#known
    copy.#isFork = true
    return copy
  }

  /** Sets the documents that new ones are joined with, until the server responds. */
  joinWith(known: () => DocumentSource): void {
    this.#known = known
  }

  /** The result before its projection. It is shorter than the limit while further documents are unknown. */
  get docs(): Found[] {
    return this.#docs.sorted.slice(0, this.#plan.limit)
  }

  get total(): number {
    return this.#total
  }

  /** A document of the window, or one that is embedded in it. */
  find(domain: string, id: string): Found | undefined {
    const own = domain === this.#plan.domain ? this.#docs.get(id) : undefined
    return own ?? this.#lookups.find(domain, id, this.#docs)
  }

  /** Calls back with all documents, including the embedded ones. */
  each(visit: (domain: string, doc: Found) => void): void {
    for (const doc of this.#docs.sorted) {
      visit(this.#plan.domain, doc)
      forEachEmbedded(doc, this.#plan.lookups, visit)
    }
  }

  apply(tx: TxCUD, domain: string | undefined): Effect {
    return this.applyChange(new Change(tx, domain))
  }

  /** As `apply`, for a change that several windows share. */
  applyChange(change: Change): Effect {
    const joins = this.#plan.lookups.length === 0 ? 'none' : this.#lookups.apply(change, this.#docs)
    const own = change.domain === this.#plan.domain ? this.#applyToDocs(change) : 'none'
    // It was shown as pending, and stays until the server responds.
    if (joins === 'unknown' && change.isOwn && !this.#isFork) this.rejoin()
    else if (joins !== 'none' && dependsOnJoins(this.#plan)) this.#dropUnmatched()
    return joins === 'unknown' || own === 'none' ? joins : own
  }

  /** Joins all documents with the known ones again. */
  rejoin(): void {
    if (this.#plan.lookups.length === 0) return
    const joins = joinsOf(this.#plan.lookups, this.#known())
    for (const doc of this.#docs.sorted.slice()) {
      const plain = withoutJoins(doc)
      this.#docs.put(withLookups(plain, plain, this.#plan.lookups, joins))
    }
    if (dependsOnJoins(this.#plan)) this.#dropUnmatched()
  }

  /** Whether a document may be in the result, as far as it is known without joins. */
  mayContain(doc: Doc): boolean {
    return dependsOnJoins(this.#plan) || this.#matches(doc)
  }

  #applyToDocs(change: Change): Effect {
    const { target, tx } = change
    const { _id, created } = target
    const before = this.#docs.get(_id)
    if (before === undefined)
      return created ? this.#add(change.created, change.isOwn) : this.#applyOutside(change)
    const doc = withoutJoins(before)
    const plain = applyTransaction(created ? undefined : doc, tx)
    if (plain === undefined) return this.#leaves(_id)
    const isLinked = this.#lookups.changesLinks(doc, plain)
    const after = isLinked && change.isOwn ? this.#complete(plain) : withJoinsOf(before, plain)
    if (!this.#matches(after)) return this.#leaves(_id)
    if (isLinked && !change.isOwn) return 'unknown'
    this.#docs.put(after)
    const effect = this.#moved(before, after)
    return isLinked ? 'unknown' : effect
  }

  /**
   * Adds a created document, if it matches.
   *
   * @param isOwn this client created it: it is shown at once, joined with known documents, until the server responds
   */
  #add(doc: Doc | undefined, isOwn: boolean): Effect {
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

  #moved(before: Found, after: Found): Effect {
    if (this.#last?._id === after._id) return this.#lastMoved(before, after)
    // Beyond the window its position is unknown.
    return this.#isBeyond(after) ? this.#left(after._id) : 'changed'
  }

  /** A change of a document outside of the window: it may enter, or affect the total. */
  #applyOutside(change: Change): Effect {
    return this.#filter.invalidates(change, this.#isComplete) ? 'unknown' : 'none'
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
      if (this.#last === undefined) this.#isDrained = true
    }
    const isShort = this.#plan.limit !== undefined && this.#docs.size < this.#plan.limit
    return isShort && !this.#isComplete ? 'unknown' : 'changed'
  }

  /** The last document moved. Upwards, its predecessor is the last now. Downwards, unknown documents may precede it. */
  #lastMoved(before: Doc, after: Doc): Effect {
    const order = this.#compare(after, before)
    if (order > 0) return this.#left(after._id)
    this.#last = order === 0 ? after : this.#docs.last
    return 'changed'
  }

  #isBeyond(doc: Doc): boolean {
    return this.#last !== undefined && this.#last._id !== doc._id && this.#compare(doc, this.#last) > 0
  }

  get #isComplete(): boolean {
    return this.#last === undefined && !this.#isDrained
  }

  /** Removes documents whose embedded documents no longer meet the condition. */
  #dropUnmatched(): void {
    for (const doc of this.#docs.sorted.slice()) if (!this.#matches(doc)) this.#leaves(doc._id)
  }

  /** Limits the growth of the window. */
  #trim(): void {
    const { limit } = this.#plan
    if (limit === undefined || this.#docs.size <= limit + 2 * SPARE) return
    this.#docs.truncate(limit + SPARE)
    this.#last = this.#docs.last
  }
}

/** Whether embedded documents decide which documents are found, or their order. */
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
