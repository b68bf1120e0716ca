import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Query } from 'mingo'
import type { Doc } from '../documents.ts'
import { document } from '../fixture.ts'
import { OperandBudget, parseField, parsePath } from './parse-condition.ts'
import { compileCondition } from './predicate.ts'
import { compileSort } from './sort.ts'
import { propertyParameters } from '../../tests/support/property-parameters.ts'

/*
 * mingo is not an oracle for these cases, where MongoDB does what the tests of predicate.test.ts state:
 * - arrays within arrays, and a second array along a path: MongoDB opens each array once, and mingo flattens them;
 * - `$size`, arrays and objects as operands, `null` behind an array: mingo collects the values into one array;
 * - empty arrays and objects, and objects that match `$in`: mingo throws or finds them equal to nothing;
 * - arrays as sort keys: mingo does not sort them by their smallest or largest item;
 * - objects with the same keys in another order: mingo finds them equal;
 * - `$all` on a scalar, `$all: [null]` and bounds of `null` on a missing field: mingo requires an array or a value.
 */
const scalar = fc.constantFrom<unknown>(null, 0, 1, 2, -1, 'a', 'b', 'ab', '', true, false)
const notNull = scalar.filter((value) => value !== null)
const plain = fc.letrec((tie) => ({
  object: fc
    .dictionary(fc.constantFrom('a', 'b'), tie('any'), { minKeys: 1, maxKeys: 2, noNullPrototype: true })
    .map(inOrder),
  any: fc.oneof({ maxDepth: 3 }, scalar, tie('object')),
}))
const items = fc.array(plain.any, { minLength: 1, maxLength: 3 })
const field = fc.oneof(plain.any, items, fc.record({ a: items, b: plain.any }))
const documents = fc.record({ a: field, b: field }, { requiredKeys: [] })

const flatPath = fc.constantFrom('a', 'b')
const deepPath = fc.constantFrom('a.a', 'a.b', 'b.b', 'a.a.b', 'a.0', 'a.1')
const bound = fc
  .tuple(fc.constantFrom('$gt', '$gte', '$lt', '$lte'), notNull)
  .map(([op, value]) => ({ [op]: value }))
const list = fc.array(notNull, { minLength: 1, maxLength: 3 })
const regex = fc.record({
  $regex: fc.constantFrom('a', '^a', 'b$', '^$'),
  $options: fc.constantFrom('', 'i'),
})
const either = [
  bound,
  regex,
  fc.record({ $exists: fc.boolean() }),
  fc.record({ $in: list }),
  fc.record({ $nin: list }),
]
const flatQuery = fc.tuple(
  flatPath,
  fc.oneof(
    scalar,
    plain.object,
    list,
    fc.record({ $ne: scalar }),
    fc.record({ $size: fc.integer({ min: 1, max: 3 }) }),
    ...either,
  ),
)
const deepQuery = fc.tuple(deepPath, fc.oneof(notNull, fc.record({ $ne: notNull }), ...either))

test('DOC-23: conditions give the same results as mingo for random documents and queries', () => {
  const query = fc.oneof(flatQuery, deepQuery)
  fc.assert(
    fc.property(documents, query, (doc, [key, operators]) => {
      const theirs = mingoTest({ [key]: operators }, doc)
      if (theirs !== undefined) expect(matches(doc, key, operators)).toBe(theirs)
    }),
    propertyParameters({ numRuns: 20_000 }),
  )
})

test('DOC-23: $all gives the same results as mingo for arrays', () => {
  const tagged = fc.record({ a: fc.array(scalar, { minLength: 1, maxLength: 4 }) })
  fc.assert(
    fc.property(tagged, fc.array(notNull, { maxLength: 2 }), (doc, $all) => {
      expect(matches(doc, 'a', { $all })).toBe(mingoTest({ a: { $all } }, doc))
    }),
    propertyParameters({ numRuns: 2000 }),
  )
})

test('DOC-29: sorts give the same results as mingo for numbers and null', () => {
  const numbers = fc.integer({ min: -3, max: 3 })
  const order = fc.constantFrom<1 | -1>(1, -1)
  fc.assert(
    fc.property(fc.array(fc.oneof(numbers, fc.constant(null))), order, (values, direction) => {
      const docs = values.map((value, i) => document({ _id: `d${String(i).padStart(3, '0')}`, value }))
      const ours = [...docs].sort(compileSort([{ path: ['value'], order: direction }]))
      const theirs = new Query({}, {})
        .find<Doc>(docs as never[])
        .sort({ value: direction, _id: 1 })
        .all()
      expect(ours.map(({ _id }) => _id)).toStrictEqual(theirs.map(({ _id }) => _id))
    }),
    propertyParameters({ numRuns: 1000 }),
  )
})

function inOrder(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function matches(doc: unknown, key: string, query: unknown): boolean {
  const conditions = parseField(parsePath(key), query, new OperandBudget())
  return compileCondition({ op: 'all-of', conditions })(doc as Doc)
}

/** `undefined` where mingo throws: an object matched `$in`. */
function mingoTest(query: Record<string, unknown>, doc: unknown): boolean | undefined {
  try {
    return new Query(query as never, {}).test(doc as never)
  } catch {
    return undefined
  }
}
