import { afterEach, expect } from '@jest/globals'
import { endTest } from '../support/on-test-end.ts'

afterEach(endTest)

/** Of two plain objects of which Node made one, nothing but the realm of the prototype differs. */
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
