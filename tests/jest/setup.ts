import { afterEach, expect } from '@jest/globals'
import { endTest } from '../support/on-test-end.ts'

afterEach(endTest)

/** Two plain objects, one of them from Node, differ only in the realm of their prototype. */
const acrossRealms: Parameters<typeof expect.addEqualityTesters>[0][number] = function (
  a: unknown,
  b: unknown,
  testers,
) {
  if (!isPlain(a) || !isPlain(b) || Object.getPrototypeOf(a) === Object.getPrototypeOf(b)) return undefined
  const isStrict = testers.some(({ name }) => name === 'typeEquality')
  return this.equals({ ...a }, { ...b }, testers, isStrict)
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'isPrototypeOf')
  )
}

expect.addEqualityTesters([acrossRealms])
