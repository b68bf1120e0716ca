import { isFields } from '../json-value.ts'

const FIRST_SURROGATE = 0xd800
const FIRST_AFTER_SURROGATES = 0xe000

/**
 * Compares by Unicode code point, which is the order of UTF-8 bytes, of SQLite's BINARY collation, and MongoDB's
 * default.
 */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return codePointWeight(x) - codePointWeight(y)
  }
  return a.length - b.length
}

/** Surrogates encode code points above U+FFFF, yet their units are below U+E000. */
function codePointWeight(unit: number): number {
  return unit >= FIRST_SURROGATE && unit < FIRST_AFTER_SURROGATES ? unit + 0x10000 : unit
}

/** Whether `operand` has only units below the surrogates: then JavaScript's own order is that by code point. */
export function hasPlainOrder(operand: string): boolean {
  for (let i = 0; i < operand.length; i++) if (operand.charCodeAt(i) >= FIRST_SURROGATE) return false
  return true
}

const rank = { missing: 0, number: 1, string: 2, object: 3, array: 4, boolean: 5 } as const

function rankOf(value: unknown): number {
  if (value === undefined || value === null) return rank.missing
  if (typeof value === 'number') return rank.number
  if (typeof value === 'string') return rank.string
  if (typeof value === 'boolean') return rank.boolean
  return Array.isArray(value) ? rank.array : rank.object
}

/** The order across types: missing and null, numbers, strings, objects, arrays, booleans. */
export function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b)
  const byRank = rankOf(a) - rankOf(b)
  if (byRank !== 0 || a === undefined || a === null) return byRank
  if (typeof a === 'boolean') return Number(a) - Number(b)
  return compareStrings(JSON.stringify(a), JSON.stringify(b))
}

/** Deep equality. The order of keys is significant, as in MongoDB and in JSON text. */
export function equalValues(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) return Array.isArray(b) && equalArrays(a, b)
  return isFields(a) && isFields(b) && equalFields(a, b)
}

function equalArrays(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => equalValues(item, b[i]))
}

function equalFields(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const keys = definedKeys(a)
  const others = definedKeys(b)
  return (
    keys.length === others.length && keys.every((key, i) => key === others[i] && equalValues(a[key], b[key]))
  )
}

function definedKeys(fields: Record<string, unknown>): string[] {
  return Object.keys(fields).filter((key) => fields[key] !== undefined)
}
