/** Whether results are frozen: not where a bundler or Node says that this is production, nor where nobody says. */
export function isDevelopment(): boolean {
  try {
    // Bundlers write the value here.
    return process.env.NODE_ENV !== 'production'
  } catch {
    return false
  }
}

/** Makes a value, and all there is in it, one that nobody can write to. What is frozen already is passed over. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
    return value
  for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}

/** Another value with the same content, of arrays and plain objects; what is none of these is shared. */
export function deepCopy<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item) => deepCopy(item as unknown)) as T
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  // Of entries, as a key may be `__proto__`.
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, deepCopy(member)])) as T
}

/** What one listener is given of documents that others look at too: its own, the same again while they stay the same. */
export class CopyCache {
  readonly #copies = new WeakMap<object, object>()
  readonly #isFrozen: boolean

  /** @param isFrozen nobody can write to them: one for all */
  constructor(isFrozen: boolean) {
    this.#isFrozen = isFrozen
  }

  of<T extends object>(value: T): T {
    if (this.#isFrozen) return deepFreeze(value)
    const known = this.#copies.get(value)
    if (known !== undefined) return known as T
    const copy = deepCopy(value)
    this.#copies.set(value, copy)
    return copy
  }
}
