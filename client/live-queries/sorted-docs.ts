import type { Comparator } from '../../model/query/sort.ts'
import type { Found } from './found.ts'

/** Documents, indexed by id and sorted. */
export class SortedDocs {
  readonly #compare: Comparator
  readonly #byId: Map<string, Found>
  #sorted: Found[]
  #version = 0

  /** @param compare a total order: it returns 0 for the same document only */
  constructor(compare: Comparator, docs: readonly Found[]) {
    this.#compare = compare
    this.#byId = new Map(docs.map((doc) => [doc._id, doc]))
    this.#sorted = [...this.#byId.values()].sort(compare)
  }

  get size(): number {
    return this.#byId.size
  }

  /** Increases with every change. */
  get version(): number {
    return this.#version
  }

  get sorted(): readonly Found[] {
    return this.#sorted
  }

  get last(): Found | undefined {
    return this.#sorted.at(-1)
  }

  get(id: string): Found | undefined {
    return this.#byId.get(id)
  }

  /** Adds the document, or replaces the one with its id. */
  put(doc: Found): void {
    const former = this.#byId.get(doc._id)
    this.#version += 1
    this.#byId.set(doc._id, doc)
    const at = former === undefined ? -1 : this.#indexOf(former)
    if (former !== undefined && this.#compare(former, doc) === 0) {
      this.#sorted[at] = doc
      return
    }
    if (at >= 0) this.#sorted.splice(at, 1)
    this.#sorted.splice(this.#lowerBound(doc), 0, doc)
  }

  delete(id: string): void {
    const doc = this.#byId.get(id)
    if (doc === undefined) return
    this.#version += 1
    this.#byId.delete(id)
    this.#sorted.splice(this.#indexOf(doc), 1)
  }

  /** Removes all but the first documents. */
  truncate(length: number): void {
    this.#version += 1
    for (const { _id } of this.#sorted.splice(length)) this.#byId.delete(_id)
  }

  fork(): SortedDocs {
    const copy = new SortedDocs(this.#compare, [])
    for (const [id, doc] of this.#byId) copy.#byId.set(id, doc)
    copy.#sorted = [...this.#sorted]
    return copy
  }

  /** By binary search. Falls back to a scan, if the document changed its order in place. */
  #indexOf(doc: Found): number {
    const at = this.#lowerBound(doc)
    return this.#sorted[at] === doc ? at : this.#sorted.indexOf(doc)
  }

  /** The index of the first document that does not sort before this one. */
  #lowerBound(doc: Found): number {
    let [from, to] = [0, this.#sorted.length]
    while (from < to) {
      const middle = (from + to) >>> 1
      const other = this.#sorted[middle]
      if (other !== undefined && this.#compare(other, doc) < 0) from = middle + 1
      else to = middle
    }
    return from
  }
}
