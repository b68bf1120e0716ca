/** Deepest nesting of a document, and of a value in a query. */
export const MAX_VALUE_DEPTH = 64

/** Names through which a key from the wire could reach a prototype. */
const reservedKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

export function isReservedKey(key: string): boolean {
  return reservedKeys.has(key)
}

export type Fields = Record<string, unknown>

/** An object as JSON knows it: no array, no date, no instance of a class. */
export function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Own members only, so that `toString` is as absent from a document as any other unknown field. */
export function ownValue(fields: object, key: string): unknown {
  return Object.hasOwn(fields, key) ? (fields as Fields)[key] : undefined
}

/** Why the value can't stand in a document or a query; `undefined` when it can. */
export function jsonFlaw(value: unknown, depth = 0): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : 'not a finite number'
    case 'object':
      return value === null ? undefined : containerFlaw(value, depth)
    default:
      return `a ${typeof value} is not a JSON value`
  }
}

function containerFlaw(value: object, depth: number): string | undefined {
  if (depth >= MAX_VALUE_DEPTH) return 'nested too deeply'
  if (Array.isArray(value)) return firstFlaw(value, depth)
  if (!isFields(value)) return 'not a JSON value'
  const keys = Object.keys(value)
  const reserved = keys.find(isReservedKey)
  return reserved === undefined ? firstFlaw(Object.values(value), depth) : `reserved key ${reserved}`
}

function firstFlaw(values: readonly unknown[], depth: number): string | undefined {
  for (const value of values) {
    const flaw = jsonFlaw(value, depth + 1)
    if (flaw !== undefined) return flaw
  }
  return undefined
}
