/** Deepest nesting of a document, and of a value in a query. */
export const MAX_VALUE_DEPTH = 64

/** Names through which a key from the wire could reach a prototype. msgpackr reads `__proto__` as `__proto_`. */
const reservedKeys: ReadonlySet<string> = new Set(['__proto__', '__proto_', 'constructor', 'prototype'])

export function isReservedKey(key: string): boolean {
  return reservedKeys.has(key)
}

export type Fields = Record<string, unknown>

/** An object as JSON knows it: no array, no date, no instance of a class. */
export function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false
  const prototype: object | null = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || isRootPrototype(prototype)
}

/** `Object.prototype` of another realm: of a frame of a page, or of a test runner's context. */
function isRootPrototype(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty')
}

/** The fields of an object, by any name. They are the object itself: a change of them changes it. */
export function fieldsOf(value: object): Fields {
  // Any object can be read by any string. TypeScript has no such type for an interface.
  return value as Fields
}

/** Own members only, so that `toString` is as absent from a document as any other unknown field. */
export function ownValue(fields: object, key: string): unknown {
  return Object.hasOwn(fields, key) ? fieldsOf(fields)[key] : undefined
}

/** Why something is no value, and where in it. */
export class ValueFlaw extends Error {
  readonly #path: string[] = []

  constructor(message: string) {
    super(message)
    this.name = 'ValueFlaw'
  }

  /** The keys that lead to it, with dots between; empty where the whole is no value. */
  get path(): string {
    return this.#path.join('.').slice(0, 100)
  }

  /** Adds the key that leads to what is known of the place. */
  within(key: string | number): this {
    this.#path.unshift(String(key))
    return this
  }
}

/**
 * A value as it is kept, the same in every storage and encoding: what JSON can tell. The halves of surrogate pairs that
 * stand alone are U+FFFD in it, in keys too, `-0` is `0`, and a field that is `undefined` is absent. The value itself where nothing
 * of that is to be done.
 *
 * @throws ValueFlaw for anything else: numbers that are not finite, `undefined` in an array or for an operator, instances of
 *   classes, keys that reach a prototype, nesting beyond {@link MAX_VALUE_DEPTH}
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

/** Why the value can't stand in a document or a query; `undefined` when it can. */
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

/** Fields that are undefined are left out. */
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
