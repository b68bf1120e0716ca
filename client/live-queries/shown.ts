import type { Doc } from '../../model/documents.ts'
import type { Projection } from '../../model/query/plan.ts'
import { compileProjection } from '../../model/query/projection.ts'
import { type Found, withoutJoins } from './found.ts'

/** A result as it was delivered to subscribers, before it is copied for each of them. */
export interface Shown {
  docs: readonly Found[]
  total: number
}

/** Projects documents. Returns the same object for the same document, so that comparisons of results are cheap. */
export class Projector {
  readonly #project: ((doc: Doc) => Doc) | undefined
  readonly #projected = new WeakMap<Found, Found>()

  constructor(projection: Projection | undefined) {
    this.#project = projection === undefined ? undefined : compileProjection(projection)
  }

  of(doc: Found): Found {
    if (this.#project === undefined) return doc
    const known = this.#projected.get(doc)
    if (known !== undefined) return known
    const { $lookup } = doc
    const projected: Found = this.#project(withoutJoins(doc))
    const shown = $lookup === undefined ? projected : { ...projected, $lookup }
    this.#projected.set(doc, shown)
    return shown
  }
}

export function isSame(before: Shown, after: Shown): boolean {
  if (before.docs.length !== after.docs.length || before.total !== after.total) return false
  return before.docs.every((doc, at) => {
    const other = after.docs[at]
    return doc === other || JSON.stringify(doc) === JSON.stringify(other)
  })
}
