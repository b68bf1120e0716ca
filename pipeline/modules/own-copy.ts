/**
 * The fields and methods of an object, own and inherited ones: an instance of a class declares a trigger as a plain object
 * does. Methods keep their `this`.
 */
export function ownCopy<T extends object>(object: T): T {
  const copy: Record<string, unknown> = {}
  for (let level: object | null = object; level !== null && level !== Object.prototype;)
    level = addFrom(copy, object, level)
  // It has the fields of the object.
  return copy as T
}

function addFrom(copy: Record<string, unknown>, object: object, level: object): object | null {
  for (const key of Object.getOwnPropertyNames(level)) {
    if (key === 'constructor' || Object.hasOwn(copy, key)) continue
    const value: unknown = Reflect.get(object, key)
    copy[key] = typeof value === 'function' ? (value.bind(object) as unknown) : value
  }
  return Object.getPrototypeOf(level) as object | null
}
