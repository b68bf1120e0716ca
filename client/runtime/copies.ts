/** Whether `NODE_ENV` is set and is not `production`. */
export function isDevelopment(): boolean {
  try {
    // Spelled out, as bundlers replace the whole expression by its value. Browsers without one have no `process`.
    return process.env.NODE_ENV !== 'production'
  } catch {
    return false
  }
}

/** Freezes a value and its members, except those that are frozen already. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
    return value
  for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}

/** A deep copy of arrays and plain objects; other objects are shared. */
export function deepCopy<T>(value: T): T {
  // A copy has the type of its original, which the compiler cannot see.
  return copyOf(value) as T
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  // Not by assignment, as a key may be `__proto__`.
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copyOf(member)]))
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
