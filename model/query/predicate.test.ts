import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { coded, document } from '../fixture.ts'
import { compileLike, likeToRegExp } from './like.ts'
import { OperandBudget, parseField, parsePath } from './parse-condition.ts'
import type { Condition } from './plan.ts'
import { compileCondition } from './predicate.ts'
import { checkRegex } from './regex.ts'
import { expectFor, satisfying } from '../../tests/support/expecting.ts'
import { propertyParameters } from '../../tests/support/property-parameters.ts'

const invalid = coded('core:status:InvalidQuery')

/** Title, document, key, query, whether it matches. */
const cases: [string, Record<string, unknown>, string, unknown, boolean][] = [
  ['DOC-24: null equals a missing field', {}, 'a', null, true],
  [
    'DOC-24: null equals a field that is missing from one object of an array',
    { a: [{ b: 1 }, {}] },
    'a.b',
    null,
    true,
  ],
  [
    'DOC-24: a path into an array without objects leads to nothing, not to null',
    { a: [] },
    'a.b',
    null,
    false,
  ],
  [
    'DOC-24: a path into an array without objects leads to nothing, not to null',
    { a: [1] },
    'a.b',
    { $ne: null },
    true,
  ],
  ['DOC-24: a position beyond the end of an array leads to nothing', { a: [] }, 'a.0', null, false],
  ['DOC-24: a null value exists', { a: null }, 'a', { $exists: true }, true],
  ['DOC-24: $in finds a missing field by null', {}, 'a', { $in: [null] }, true],
  ['DOC-24: $ne null requires a value', {}, 'a', { $ne: null }, false],
  ['DOC-23: a path opens each array of objects once', { a: [{ b: [{ c: 1 }] }] }, 'a.b.c', 1, true],
  ['DOC-23: a path does not open arrays within arrays', { a: [[{ b: 1 }]] }, 'a.b', 1, false],
  ['DOC-23: a position opens an array within an array', { a: [[{ b: 1 }]] }, 'a.0.b', 1, true],
  ['DOC-23: a scalar does not match within an array in an array', { a: [[1]] }, 'a', 1, false],
  ['DOC-23: an array equals a whole array', { a: [1, 2] }, 'a', [1, 2], true],
  ['DOC-23: an array equals an item', { a: [[1, 2]] }, 'a', [1, 2], true],
  ['DOC-23: an empty array equals itself', { a: [] }, 'a', [], true],
  ['DOC-23: an empty object equals itself', { a: {} }, 'a', {}, true],
  ['DOC-23: objects match $in', { a: { b: 1 } }, 'a', { $in: [{ b: 1 }] }, true],
  ['DOC-23: $all accepts a scalar as an array of one', { a: 1 }, 'a', { $all: [1] }, true],
  ['DOC-23: $all of an empty array matches nothing', { a: [1] }, 'a', { $all: [] }, false],
  [
    'DOC-23: $size counts the items of one array, not all values along the path',
    { a: [{ b: 1 }] },
    'a.b',
    { $size: 1 },
    false,
  ],
  ['DOC-23: $nin is the negation of $in', { a: [1, 2] }, 'a', { $nin: [2] }, false],
  [
    'DOC-42: the order of keys matters when objects are compared',
    { a: { x: 1, y: 2 } },
    'a',
    { y: 2, x: 1 },
    false,
  ],
  ['DOC-25: numbers are compared with numbers only', { a: '2' }, 'a', { $gt: 1 }, false],
  ['DOC-25: booleans are compared with booleans', { a: true }, 'a', { $gt: false }, true],
  ['DOC-25: strings are compared by code point', { a: '\u{1F600}' }, 'a', { $gt: '\uFFFD' }, true],
  ['DOC-25: strings are compared by code point', { a: '\uFFFD' }, 'a', { $lt: '\u{1F600}' }, true],
  [
    'DOC-26: % matches any run of characters, line breaks included',
    { a: 'one\ntwo' },
    'a',
    { $like: 'O%o' },
    true,
  ],
  ['DOC-26: $like matches the whole value', { a: 'one two' }, 'a', { $like: 'one' }, false],
  ['DOC-26: $like takes every character but % literally', { a: 'a.c' }, 'a', { $like: 'a_c' }, false],
  ['DOC-60: \\% in $like is a percent sign', { a: '100% sure' }, 'a', { $like: '100\\%%' }, true],
  ['DOC-60: \\% in $like is not a wildcard', { a: '1000 sure' }, 'a', { $like: '100\\%%' }, false],
  ['DOC-60: \\\\ in $like is a backslash', { a: 'C:\\dir' }, 'a', { $like: 'c:\\\\%' }, true],
  [
    'DOC-60: a backslash before any other character is itself',
    { a: 'C:\\dir' },
    'a',
    { $like: 'c:\\d%' },
    true,
  ],
  ['DOC-26: $like ignores case beyond ASCII', { a: 'ÉTÉ' }, 'a', { $like: '%té' }, true],
  ['DOC-26: $like matches inside arrays', { a: ['x', 'one'] }, 'a', { $like: 'on%' }, true],
  [
    'DOC-27: $regex matches anywhere in the value, and $options can ignore case',
    { a: 'xONEx' },
    'a',
    { $regex: 'one', $options: 'i' },
    true,
  ],
  ['DOC-16: an inherited member is not a field', {}, 'toString', { $exists: true }, false],
  [
    'DOC-16: an own field with the name of an inherited member is a field',
    { valueOf: 1 },
    'valueOf',
    1,
    true,
  ],
]
for (const [title, doc, key, query, expected] of cases) {
  test(`${title}: ${JSON.stringify({ [key]: query })} on ${JSON.stringify(doc)}`, () => {
    expect(compileCondition(condition(key, query))(document(doc))).toBe(expected)
  })
}

test('DOC-23: $and, $or and $nor can be combined', () => {
  const [yes, no]: [Condition, Condition] = [condition('a', 1), condition('a', 2)]
  const matches = (op: 'all-of' | 'any-of' | 'none-of', conditions: Condition[]): boolean =>
    compileCondition({ op, conditions })(document({ a: 1 }))
  expect([
    matches('all-of', [yes, no]),
    matches('any-of', [yes, no]),
    matches('none-of', [no]),
  ]).toStrictEqual([false, true, true])
  expect([matches('all-of', []), matches('any-of', []), matches('none-of', [])]).toStrictEqual([
    true,
    false,
    true,
  ])
})

test('DOC-26: the matcher and the regular expression of $like agree', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'A', 'b', '%', '.', '\n', 'é', 'ſ', 's', '😀'),
    maxLength: 8,
  })
  fc.assert(
    fc.property(text, text, (pattern, value) => {
      expect(compileLike(pattern)(value)).toBe(likeToRegExp(pattern).test(value))
    }),
    propertyParameters({ numRuns: 5000 }),
  )
})

test('DOC-26: $like takes time linear in the value', () => {
  const matches = compileLike(`${'%a'.repeat(400)}%b`)
  expect(matches('a'.repeat(100_000))).toBe(false)
})

test('DOC-27: an expression that is too long or invalid is refused, and so are unknown flags', () => {
  for (const source of ['(', 'a'.repeat(1001), '[z-a]', 'a{3,2}', '*a'])
    expectFor(source, () => checkRegex(source, '')).toThrow(satisfying(invalid))
  for (const flags of ['g', 'x', 'ii', 'u'])
    expectFor(flags, () => checkRegex('a', flags)).toThrow(satisfying(invalid))
  for (const source of [
    '^a.*b$',
    '(abc)+',
    '[(+]+',
    '\\(a+\\)+',
    '(a+)?',
    'a{2,3}|b',
    '(?:ab)*c',
    '((a*)b)+',
  ])
    expectFor(source, () => checkRegex(source, 'im')).not.toThrow()
})

test('DOC-28: every word of a search begins a word of some field', () => {
  const search = (text: string) => compileCondition({ op: 'search', text, paths: [['title'], ['tags']] })
  const doc = document({ title: 'Das große Haus', tags: ['Über-Wald', 3] })
  const found = ['haus', 'HA gro', 'wald das', 'über'].map((text) => search(text)(doc))
  expect(found).toStrictEqual([true, true, true, true])
  expect(['aus', 'haus x', '', '!'].map((text) => search(text)(doc))).toStrictEqual([
    false,
    false,
    false,
    false,
  ])
})

function condition(key: string, query: unknown): Condition {
  return { op: 'all-of', conditions: parseField(parsePath(key), query, new OperandBudget()) }
}
