import { fieldsOf } from '../json-value.ts'
import type { Path } from './plan.ts'
import type { WorkMeter } from './work-meter.ts'

export type Test = (value: unknown) => boolean

/**
 * Whether some value at the path passes the test. A path enters the objects of an array, but not arrays within
 * arrays. A whole number is also an array index. A missing value is `undefined`. An array without objects has no
 * value at a path into it, not even `undefined`.
 * @param meter counts the items of arrays, each with the steps of the test
 */
export function someAt(path: Path, test: Test, meter?: WorkMeter, steps = 1): Test {
  const spend = meter === undefined ? undefined : (items: number) => meter.spend(items * steps)
  return path.reduceRight<Test>((next, key) => step(key, next, spend), test)
}

/** All values at the path. Arrays are values, too. */
export function valuesAt(path: Path, meter?: WorkMeter): (value: unknown) => unknown[] {
  const found: { values: unknown[] } = { values: [] }
  const push: Test = (value) => {
    found.values.push(value)
    return false
  }
  const collect = someAt(path, push, meter)
  return (value) => {
    found.values = []
    collect(value)
    return found.values
  }
}

function step(key: string, next: Test, spend: ((items: number) => void) | undefined): Test {
  const read = memberReader(key)
  const position = arrayPosition(key)
  return (value) => {
    if (typeof value !== 'object' || value === null) return next(undefined)
    if (!Array.isArray(value)) return next(read(value))
    spend?.(value.length)
    return someInArray(value, position, read, next)
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

/** Names of `Object.prototype` need the slower check for an own member. */
function memberReader(key: string): Reader {
  return key in Object.prototype
    ? (fields) => (Object.hasOwn(fields, key) ? fieldsOf(fields)[key] : undefined)
    : (fields) => fieldsOf(fields)[key]
}

/** -1 if the key is not an array index. */
export function arrayPosition(key: string): number {
  return /^(0|[1-9]\d{0,8})$/.test(key) ? Number(key) : -1
}
