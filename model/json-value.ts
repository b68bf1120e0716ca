/** Maximum nesting of a document, and of a value in a query. */
export const MAX_VALUE_DEPTH = 64

/** Keys that could reach a prototype. msgpackr reads `__proto__` as `__proto_`. */
const reservedKeys: ReadonlySet<string> = new Set(['__proto__', '__proto_', 'constructor', 'prototype'])

export function isReservedKey(key: string): boolean {
  return reservedKeys.has(key)
}

export type Fields = Record<string, unknown>

/** A plain object as in JSON: not an array, a date or an instance of a class. */
export function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false
  const prototype: object | null = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || isRootPrototype(prototype)
}

/** `Object.prototype` of another realm, such as a frame of a page or the context of a test runner. */
function isRootPrototype(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty')
}

/** The fields of an object by name. This is the object itself, not a copy. */
export function fieldsOf(value: object): Fields {
  // Any object can be indexed by a string, but TypeScript has no such type for an interface.
  return value as Fields
}

/** Reads own members only: `toString` is absent from a document like any other unknown field. */
export function ownValue(fields: object, key: string): unknown {
  return Object.hasOwn(fields, key) ? fieldsOf(fields)[key] : undefined
}

/** A value that JSON cannot represent, with its path. */
export class ValueFlaw extends Error {
  readonly #path: string[] = []

  constructor(message: string) {
    super(message)
    this.name = 'ValueFlaw'
  }

  /** The keys to the value, joined by dots; empty for the root. */
  get path(): string {
    return this.#path.join('.').slice(0, 100)
  }

  /** Prepends a key to the path. */
  within(key: string | number): this {
    this.#path.unshift(String(key))
    return this
  }
}

/**
 * Normalizes a value to one that JSON can represent, so that every storage and encoding preserves it. A lone
 * surrogate becomes U+FFFD, also in keys; `-0` becomes `0`; fields that are `undefined` are dropped. Returns the same
 * value if nothing changes.
 * @throws ValueFlaw for any other value: a number that is not finite, `undefined` in an array or for an operator, an
 *   instance of a class, a key that reaches a prototype, nesting beyond {@link MAX_VALUE_DEPTH}
 */
export function takeValue<T>(value: T, depth?: number): T
export function takeValue(value: unknown, depth = 0): unknown {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? value : value.toWellFormed()
    case 'boolean':
    case 'undefined':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw new ValueFlaw('not a finite number')
      return value === 0 ? 0 : value
    case 'object':
      return value === null ? value : takeContainer(value, depth)
    default:
      throw new ValueFlaw(`a ${typeof value} is not a JSON value`)
  }
}

/** Why JSON cannot represent the value; `undefined` if it can. */
export function jsonFlaw(value: unknown, depth = 0): string | undefined {
  try {
    takeValue(value, depth)
    return undefined
  } catch (error) {
    if (error instanceof ValueFlaw) return error.message
    throw error
  }
}

function takeContainer(value: object, depth: number): object {
  if (depth >= MAX_VALUE_DEPTH) throw new ValueFlaw('nested too deeply')
  if (Array.isArray(value)) return takeItems(value, depth)
  if (!isFields(value)) throw new ValueFlaw(`${nameOf(value)} is not a JSON value`)
  return takeFields(value, depth)
}

function takeItems(items: readonly unknown[], depth: number): readonly unknown[] {
  let taken: unknown[] | undefined
  for (let at = 0; at < items.length; at++) {
    const item = items[at]
    const next = takeMember(at, item, depth)
    if (next === undefined) throw new ValueFlaw('undefined in an array').within(at)
    if (taken === undefined && !Object.is(next, item)) taken = items.slice(0, at)
    taken?.push(next)
  }
  return taken ?? items
}

function takeFields(fields: Fields, depth: number): Fields {
  let isChanged = false
  const keys = Object.keys(fields)
  const taken: unknown[] = []
  for (const key of keys) {
    if (isReservedKey(key)) throw new ValueFlaw(`reserved key ${key}`).within(key)
    const item = fields[key]
    const next = takeMember(key, item, depth)
    if (next === undefined && key.startsWith('$')) throw new ValueFlaw('undefined is no operand').within(key)
    if (next === undefined || !Object.is(next, item) || !key.isWellFormed()) isChanged = true
    taken.push(next)
  }
  return isChanged ? definedFields(keys, taken) : fields
}

function takeMember(key: string | number, item: unknown, depth: number): unknown {
  try {
    return takeValue(item, depth + 1)
  } catch (error) {
    throw error instanceof ValueFlaw ? error.within(key) : error
  }
}

/** Omits fields that are undefined. */
function definedFields(keys: readonly string[], values: readonly unknown[]): Fields {
  const fields: Fields = {}
  for (const [at, key] of keys.entries()) {
    const [name, value] = [key.toWellFormed(), values[at]]
    if (value === undefined) continue
    if (Object.hasOwn(fields, name))
      throw new ValueFlaw('two keys that are one when they are well-formed').within(name)
    fields[name] = value
  }
  return fields
}

function nameOf(value: object): string {
  const constructor: unknown = fieldsOf(value)['constructor']
  return typeof constructor === 'function' && constructor.name !== ''
    ? `a ${constructor.name}`
    : 'an instance of a class'
}
