import { fieldsOf } from '../json-value.ts'
import type { Path } from './plan.ts'

export type Test = (value: unknown) => boolean

/**
 * Whether some value at the path passes. A path enters the objects of an array (not arrays within arrays), and
 * a whole number names an array's item as well. What isn't there is `undefined`; an array none of whose items
 * are objects has nothing at a path into it, not even `undefined`.
 */
export function someAt(path: Path, test: Test): Test {
  return path.reduceRight<Test>((next, key) => step(key, next), test)
}

/** Every value at the path, arrays unopened. */
export function valuesAt(path: Path): (value: unknown) => unknown[] {
  const found: { values: unknown[] } = { values: [] }
  const collect = someAt(path, (value) => {
    found.values.push(value)
    return false
  })
  return (value) => {
    found.values = []
    collect(value)
    return found.values
  }
}

function step(key: string, next: Test): Test {
  const read = memberReader(key)
  const position = arrayPosition(key)
  return (value) => {
    if (typeof value !== 'object' || value === null) return next(undefined)
    return Array.isArray(value) ? someInArray(value, position, read, next) : next(read(value))
  }
}

function someInArray(items: readonly unknown[], position: number, read: Reader, next: Test): boolean {
  if (position >= 0 && position < items.length && next(items[position])) return true
  return items.some((item) => isObject(item) && next(read(item)))
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

type Reader = (fields: object) => unknown

/** Only names that `Object.prototype` has too need the slower look for an own member. */
function memberReader(key: string): Reader {
  return key in Object.prototype
    ? (fields) => (Object.hasOwn(fields, key) ? fieldsOf(fields)[key] : undefined)
    : (fields) => fieldsOf(fields)[key]
}

/** -1 when the key is no position in an array. */
export function arrayPosition(key: string): number {
  return /^(0|[1-9]\d{0,8})$/.test(key) ? Number(key) : -1
}
