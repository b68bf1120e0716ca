import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Packr, Unpackr } from 'msgpackr'
import { StatusError } from '../model/status.ts'
import { expectFor } from '../tests/support/expecting.ts'
import { propertyParameters } from '../tests/support/property-parameters.ts'
import { decodeRequestFrame } from './codec.ts'
import { MAX_FRAME_DEPTH, MAX_FRAME_KEYS, MAX_FRAME_VALUES } from './frame-limits.ts'
import { MAX_COMPILED_SHAPES } from './packed-shapes.ts'

const options = { structuredClone: true, bundleStrings: true } as const

/** The params of the error that refuses the frame. */
function refusal(data: Uint8Array | string): Record<string, unknown> {
  try {
    decodeRequestFrame(Buffer.from(data), typeof data !== 'string')
  } catch (error) {
    if (error instanceof StatusError && error.status.code === 'platform:status:BadRequest')
      return error.status.params
    throw error
  }
  throw new Error('the frame was accepted')
}

/** `a = [a, a]`, this many times. */
function doubled(levels: number, innermost: unknown = 'x'): unknown {
  let value = innermost
  for (let level = 0; level < levels; level++) value = [value, value]
  return value
}

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)))

test('LIM-5: shared references are counted as often as they occur, before the frame is decoded', () => {
  const packr = new Packr(options)
  for (const value of [doubled(30), doubled(60, { a: 1 }), { a: doubled(40), b: doubled(40) }]) {
    const frame = packr.pack({ id: 7, method: 'tx', params: [value] })
    expect(refusal(frame)).toStrictEqual({ message: 'the frame has too many pointers', id: 7 })
    // msgpackr shows a value before the end of a frame in its error, and thereby visits all of it.
    expect(refusal(Buffer.concat([frame, Buffer.from([0])]))).toMatchObject({ id: 7 })
  }
  const text = 'x'.repeat(1_000_000)
  const shared = { text }
  const large = packr.pack({ id: 7, method: 'tx', params: Array.from({ length: 300 }, () => shared) })
  expect(refusal(large)).toMatchObject({ message: 'the frame is too large' })
  const small = { id: 7, method: 'tx', params: Array.from({ length: 300 }, () => ({ text: 'x' })) }
  expect(decodeRequestFrame(packr.pack(small), true)).toStrictEqual(small)
})

test('LIM-5: a frame that makes an object of itself, or a string of objects, is refused or has an end', () => {
  const self: unknown[] = []
  for (let each = 0; each < 12; each++) self.push(self)
  const halves = '\ud800'
  const frame = new Packr(options).pack({ id: 7, method: 'tx', params: [self, halves] })
  expect(decodeRequestFrame(frame, true)).toMatchObject({ id: 7, method: 'tx' })
  const large = [Array(100_000).fill(0), self]
  self[0] = large
  expect(refusal(new Packr(options).pack({ id: 7, method: 'tx', params: [self] }))).toMatchObject({ id: 7 })
  for (const type of [0x65, 0x78]) {
    const ofObjects = bytes([0xd4, type, 0, 0x92, 0x91, 0x90, 0x91, 0x90])
    expect(refusal(ofObjects)).toStrictEqual({ message: 'the frame has an error with objects in it' })
  }
})

test('LIM-6: a frame of too many values is refused with the limit and its id, in JSON and in msgpack', () => {
  const many = (count: number) => ({ id: 'many', method: 'tx', params: [Array(count).fill(0)] })
  const expected = { message: 'the frame has too many values', limit: MAX_FRAME_VALUES, id: 'many' }
  expect(refusal(JSON.stringify(many(MAX_FRAME_VALUES)))).toStrictEqual(expected)
  expect(refusal(new Packr(options).pack(many(MAX_FRAME_VALUES)))).toMatchObject({ limit: MAX_FRAME_VALUES })
  const most = many(MAX_FRAME_VALUES - 8)
  expect(decodeRequestFrame(Buffer.from(JSON.stringify(most)), false)).toStrictEqual(most)
  expect(decodeRequestFrame(new Packr(options).pack(most), true)).toStrictEqual(most)
  for (const part of ['[],', '{},', '{"a":1},', '"",'])
    expectFor(part, refusal(`{"id":3,"params":[${part.repeat(MAX_FRAME_VALUES)}0]}`)).toMatchObject({ id: 3 })
  const last = `{"params":[${'0,'.repeat(MAX_FRAME_VALUES)}0],"id":4}`
  expect(refusal(last)).toMatchObject({ id: 4 })
})

test('LIM-6: a text of many bytes and few values is accepted', () => {
  for (const text of [
    'x'.repeat(40_000_000),
    '[{,'.repeat(2_000_000),
    '\\'.repeat(1_000_001),
    '"'.repeat(99),
  ]) {
    const request = { id: 1, method: 'tx', params: [text, { [text.slice(0, 1000)]: '[' }] }
    expect(decodeRequestFrame(Buffer.from(JSON.stringify(request)), false)).toStrictEqual(request)
    expect(decodeRequestFrame(new Packr(options).pack(request), true)).toStrictEqual(request)
  }
})

test('LIM-20: a frame of too many different keys is refused with the limit, and one that repeats its keys is not', () => {
  const expected = { message: 'the frame has too many different keys', limit: MAX_FRAME_KEYS, id: 'many' }
  const request = (value: unknown) => ({ id: 'many', method: 'tx', params: [value] })
  const objects = (count: number, keys: number) =>
    Array.from({ length: count }, (_, at) =>
      Object.fromEntries(Array.from({ length: keys }, (_, key) => [`k${at}_${key}`, 0])),
    )
  for (const value of [objects(1, 2 * MAX_FRAME_KEYS)[0], objects(MAX_FRAME_KEYS / 4, 8)]) {
    expect(refusal(JSON.stringify(request(value)))).toStrictEqual(expected)
    expect(refusal(JSON.stringify(request(value), null, 1))).toMatchObject({ limit: MAX_FRAME_KEYS })
  }
  const packed = new Packr(options).pack(request(objects(1, 2 * MAX_FRAME_KEYS)[0]))
  expect(refusal(packed)).toMatchObject({ limit: MAX_FRAME_KEYS })
  const docs = request(
    Array.from({ length: 250_000 }, (_, at) => ({
      _id: `d${at}`,
      _class: 'c',
      space: 's',
      title: '',
      a: 1,
      b: [],
    })),
  )
  expect(decodeRequestFrame(Buffer.from(JSON.stringify(docs)), false)).toStrictEqual(docs)
  expect(decodeRequestFrame(new Packr(options).pack(docs), true)).toStrictEqual(docs)
})

test('LIM-7: a frame that is nested too deeply is refused with the limit, in JSON and in msgpack', () => {
  const expected = { message: 'the frame is nested too deeply', limit: MAX_FRAME_DEPTH }
  for (const open of ['[', '{"a":']) expect(refusal(open.repeat(10_000_000))).toStrictEqual(expected)
  expect(refusal(`{"id":5,"params":${'['.repeat(MAX_FRAME_DEPTH)}`)).toStrictEqual({ ...expected, id: 5 })
  const deep = [Buffer.alloc(5_000_000, 0x91), Buffer.alloc(5_000_000, 0x81)]
  const wrapped = bytes(
    ...Array.from({ length: 5000 }, (_, id) => [0xd6, 0x69, 0, 0, id >> 8, id & 255]),
    [1],
  )
  const sets = bytes(...Array.from({ length: 5000 }, () => [0xd4, 0x73, 0]), [0x90])
  for (const frame of [...deep, wrapped, sets]) expect(refusal(frame)).toStrictEqual(expected)
})

test('LIM-8: what a packed frame claims is compared with what it has', () => {
  const claims: [string, Buffer][] = [
    ['an array', bytes([0xdd, 0x7f, 0xff, 0xff, 0xff])],
    ['many arrays', bytes(...Array.from({ length: 500 }, () => [0xdc, 0xff, 0xff]))],
    ['a map', bytes([0xdf, 0x7f, 0xff, 0xff, 0xff])],
    ['a string', bytes([0xdb, 0x7f, 0xff, 0xff, 0xff])],
    ['a binary value', bytes([0xc6, 0x7f, 0xff, 0xff, 0xff])],
    ['an extension', bytes([0xc9, 0x7f, 0xff, 0xff, 0xff, 0x74])],
    ['the keys of a record', bytes([0xd4, 0x72, 0x40, 0xdd, 0x7f, 0xff, 0xff, 0xff])],
    ['a long bigint', bytes([0xc8, 0x10, 0x00, 0x42], 'x'.repeat(0x1000))],
    [
      'the same strings again',
      Buffer.concat([...Array<Buffer>(50).fill(bytes([0xd6, 0x62, 0, 0, 0, 100])), Buffer.alloc(100, 0xbf)]),
    ],
    ['strings before the frame', bytes([0xd6, 0x62, 0xff, 0xff, 0xff, 0])],
    ['an unknown pointer', bytes([0xd6, 0x70, 0, 0, 0, 9])],
    ['an unknown extension', bytes([0xd4, 0x21, 0])],
    ['an array for the length of a string', bytes([0xd6, 0x62, 0, 0, 0, 6, 0xc1, 0x90, 0xa0, 0xa0])],
  ]
  for (const [what, frame] of claims) expectFor(what, refusal(frame)).toHaveProperty('message')
})

test('LIM-8: shapes of records that msgpackr would compile are counted', () => {
  const shape = bytes([0xd4, 0x72, 0x40, 0x91, 0xa1], 'a', [1, 0x40, 1, 0x40, 1, 0x40, 1])
  const count = MAX_COMPILED_SHAPES + 1
  const frame = Buffer.concat([
    bytes([0xdc, (4 * count) >> 8, (4 * count) & 255]),
    ...Array<Buffer>(count).fill(shape),
  ])
  expect(refusal(frame)).toStrictEqual({
    message: 'the frame has too many shapes of records',
    limit: MAX_COMPILED_SHAPES,
  })
})

const json = fc.jsonValue({ noUnicodeString: false, maxDepth: 6 })
const packrs = [
  options,
  { structuredClone: true },
  { maxOwnStructures: 200 },
  { useRecords: false },
  { bundleStrings: true },
]
const packrOf = fc.constantFrom(...packrs.keys()).map((at) => new Packr(packrs[at]))
/** Values of many shapes, with strings that go to the bundle, and with shared parts. */
const values = fc
  .tuple(
    fc.array(json, { maxLength: 12 }),
    fc.array(fc.string({ minLength: 4, maxLength: 300, unit: 'grapheme' })),
    fc.nat(70),
  )
  .map(([parts, texts, shapes]) => ({
    parts: [...parts, ...parts],
    texts,
    shapes: Array.from({ length: shapes }, (_, at) => ({
      [`key${at}`]: at,
      shared: parts[0],
      again: [texts],
    })),
  }))

test('LIM-9: a frame that msgpackr packed is decoded to the same value', () => {
  fc.assert(
    fc.property(values, packrOf, (value, packr) => {
      const frame = packr.pack(value)
      expect(decodeRequestFrame(frame, true)).toStrictEqual(new Unpackr(options).unpack(frame))
    }),
    propertyParameters({ numRuns: 500 }),
  )
})

test('LIM-9: a damaged frame is refused, or decoded to a value no larger than its bytes allow', () => {
  const damage = fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(values, packrOf, damage, (value, packr, changes) => {
      const frame = Buffer.from(
        packr.pack({ id: 7, params: [value, doubled(4), new Set([1]), /x/, new Error('x')] }),
      )
      for (const [at, byte] of changes) frame[at % frame.length] = byte
      let left = frame.length
      const visit = (each: unknown, depth: number): void => {
        if (typeof each !== 'object' || each === null || depth > MAX_FRAME_DEPTH) return
        left -= 1
        if (left >= 0) for (const item of Object.values(each)) visit(item, depth + 1)
      }
      try {
        visit(decodeRequestFrame(frame, true), 0)
      } catch (error) {
        expect(error).toBeInstanceOf(StatusError)
      }
      expect(left).toBeGreaterThanOrEqual(0)
    }),
    propertyParameters({ numRuns: 3000 }),
  )
})
