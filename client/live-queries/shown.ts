import type { Doc } from '../../model/documents.ts'
import type { Projection } from '../../model/query/plan.ts'
import { compileProjection } from '../../model/query/projection.ts'
import type { Found } from './found.ts'

/** What a query shows, in objects that the client goes on with. */
export interface Shown {
  docs: readonly Found[]
  total: number
}

/** Projects documents: the same for the same one, so that what has not changed is seen at a glance. */
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
    const { $lookup, ...plain } = doc
    const projected: Found = this.#project(plain as Doc)
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
