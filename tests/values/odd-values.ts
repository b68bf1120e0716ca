import fc from 'fast-check'

/** Half of a surrogate pair: the first half, and the second. */
export const [HIGH, LOW] = ['\ud83d', '\ude00']

/** Values that encodings, storages or languages tend to change. */
const kept: readonly unknown[] = [
  `a${HIGH}b`,
  LOW,
  `${HIGH}${HIGH}${LOW}`,
  '😀',
  '\ufffd',
  'e\u0301',
  'x\u0000y',
  '\ufeffbom',
  '\u2028',
  '',
  '%',
  '$a',
  '"q"',
  "it's",
  'a\\b',
  '-0',
  'null',
  -0,
  [-0, 0, { zero: -0 }],
  2 ** 53 + 2,
  -(2 ** 53),
  2 ** 63,
  2 ** 64,
  1e21,
  1.7976931348623157e308,
  5e-324,
  0.1 + 0.2,
  2 ** 31,
  -1e-7,
  8.64e15,
  8.64e15 + 2,
  -8.64e15 - 2,
  1e18,
  { '': 1 },
  { 'a.b': 1, a: { b: 2 } },
  { $a: 1, list: [{ $in: [1] }] }['list'],
  { '"': 1, "'": 2, '\\': 3, '\t': 4 },
  { 0: 'zero', '-1': 'minus' },
  { [`k${HIGH}`]: HIGH },
  { k: { [LOW]: { [HIGH]: [LOW] } } },
  { toString: 1, valueOf: 2, hasOwnProperty: 3, length: 4 },
  { _id: 1, _class: 2, $lookup: 3 }['_id'],
  { dataType: 'TotalArray', value: [], total: 1 },
  { absent: undefined, there: null },
  [null, [], {}, [[]], [{}]],
  { a: { b: { c: { d: { e: { f: { g: { h: { i: { j: 1 } } } } } } } } } },
  'x'.repeat(70_000),
  { _bsontype: 'Double', value: 1 },
]

const strings = fc.constantFrom('a', HIGH, LOW, '😀', `${LOW}${HIGH}`, '\ufffd', 'x\u0000', '"', "'", '')
const numbers = fc.constantFrom(-0, 0, 1, -1, 0.5, 2 ** 53, 2 ** 53 + 2, 1e21, 5e-324, 8.64e15 + 2)
const keys = fc.constantFrom('', 'a', 'a.b', '"', "'", '\\', '%', '0', '😀', 'x\u0000', HIGH, 'é')
const arbitrary = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    strings,
    numbers,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(keys, fc.oneof(tie('any'), fc.constant(undefined)), { maxKeys: 3, noNullPrototype: true }),
  ),
})).any

/** All of the above, and random combinations of them. */
export function keptValues(seed: number, some = 25): unknown[] {
  return [...kept, ...fc.sample(arbitrary, { numRuns: some, seed })]
}

/** The normalised value, computed from its JSON text alone. */
export function expectedOf(value: unknown): unknown {
  const text = JSON.stringify(value).replaceAll(/(?<!\\)\\ud[89a-f][0-9a-f]{2}/g, '\\ufffd')
  return JSON.parse(text) as unknown
}

class Point {
  x = 1
}
const cyclic: Record<string, unknown> = {}
cyclic['self'] = cyclic

/** Values that no document can hold, by a name for titles. */
export const refusedValues: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['a bigint', 1n],
  ['a large bigint', 2n ** 70n],
  ['a RegExp', /x/g],
  ['a Map', new Map([['a', 1]])],
  ['a Set', new Set([1])],
  ['a Date', new Date(0)],
  ['an invalid Date', new Date(NaN)],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['an instance', new Point()],
  ['an Error', new Error('x')],
  ['bytes', new Uint8Array(2)],
  ['a boxed string', Object('x')],
  ['a promise', Promise.resolve(1)],
  ['itself', cyclic],
  ['undefined in an array', undefined],
  ['__proto__', JSON.parse('{"__proto__":{"a":1}}')],
  ['constructor', { constructor: { prototype: 1 } }],
  ['two keys in one', { [HIGH]: 1, [LOW]: 2 }],
])
