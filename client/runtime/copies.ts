import { deepCopy, deepFreeze } from '../../model/copies.ts'

/** Whether `NODE_ENV` is set and is not `production`. */
export function isDevelopment(): boolean {
  try {
    // Spelled out, as bundlers replace the whole expression by its value. Browsers without one have no `process`.
    return process.env.NODE_ENV !== 'production'
  } catch {
    return false
  }
}

/** The copies of documents that one listener gets. It gets the same copy again for the same document. */
export class CopyCache {
  readonly #copies = new WeakMap<object, unknown>()
  readonly #isFrozen: boolean

  /** @param isFrozen documents are frozen and shared instead of copied */
  constructor(isFrozen: boolean) {
    this.#isFrozen = isFrozen
  }

  of<T extends object>(value: T): T {
    if (this.#isFrozen) return deepFreeze(value)
    const known = this.#copies.get(value)
    // It was copied from this value.
    if (known !== undefined) return known as T
    const copy = deepCopy(value)
    this.#copies.set(value, copy)
    return copy
  }
}
