/** A map that is never changed after it was made, also not by code that ignores its type. */
export class FixedMap<K, V> extends Map<K, V> {
  constructor(entries: Iterable<readonly [K, V]>) {
    super()
    for (const [key, value] of entries) super.set(key, value)
  }

  override set(): never {
    throw fixed()
  }

  override delete(): never {
    throw fixed()
  }

  override clear(): never {
    throw fixed()
  }
}

/** A set that is never changed after it was made, also not by code that ignores its type. */
export class FixedSet<T> extends Set<T> {
  constructor(values: Iterable<T>) {
    super()
    for (const value of values) super.add(value)
  }

  override add(): never {
    throw fixed()
  }

  override delete(): never {
    throw fixed()
  }

  override clear(): never {
    throw fixed()
  }
}

function fixed(): TypeError {
  return new TypeError('the classes of a workspace are changed by transactions only')
}
