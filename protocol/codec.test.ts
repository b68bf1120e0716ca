import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Packr, Unpackr } from 'msgpackr'
import { jsonFlaw } from '../model/json-value.ts'
import { StatusError } from '../model/status.ts'
import {
  decodeBinary,
  decodeJson,
  decodeRequestFrame,
  encodeBinary,
  encodeJson,
  findResult,
} from './codec.ts'
import type { Response } from './messages.ts'

const options = { structuredClone: true, bundleStrings: true } as const
const unpackr = new Unpackr(options)
const docs = [{ _id: 'a', title: 'Ä€𝄞' }, { _id: 'b' }]

test('WIRE-1: a find result travels as a TotalArray, in JSON and in msgpack', () => {
  const response = { id: 7, result: findResult([...docs], 12) }
  const expected = { id: 7, result: { dataType: 'TotalArray', total: 12, value: docs } }
  assert.deepEqual(JSON.parse(encodeJson(response)), expected)
  assert.deepEqual(unpackr.unpack(encodeBinary(response)), expected)
  for (const decoded of [decodeJson(encodeJson(response)), decodeBinary(encodeBinary(response))]) {
    assert.deepEqual([...(decoded.result as unknown[])], docs)
    assert.equal((decoded.result as { total: number }).total, 12)
  }
})

test('WIRE-2: an undefined result travels as null', () => {
  assert.equal(encodeJson({ id: 1, result: undefined }), '{"id":1,"result":null}')
  assert.deepEqual(unpackr.unpack(encodeBinary({ id: 1, result: undefined })), { id: 1, result: null })
  const error = new StatusError('platform:status:Forbidden').status
  assert.deepEqual(JSON.parse(encodeJson({ id: 1, error })), { id: 1, error })
})

test('WIRE-3: what is encoded is decoded the same, by the client’s code and by an independent one', () => {
  const json = fc.jsonValue({ noUnicodeString: false })
  // A document has no key such as `__proto__`, which msgpackr gives another name.
  const result = fc.oneof(json, fc.array(json)).filter((value) => jsonFlaw(value) === undefined)
  fc.assert(
    fc.property(fc.oneof(fc.nat(), fc.string()), result, (id, value) => {
      // JSON knows no negative zero.
      const response: Response = { id, result: JSON.parse(JSON.stringify(value)) as unknown }
      assert.deepEqual(decodeJson(encodeJson(response)), response)
      assert.deepEqual(decodeBinary(encodeBinary(response)), response)
      assert.deepEqual(unpackr.unpack(encodeBinary(response)), response)
    }),
  )
})

test('WIRE-4: a request frame that is not what its kind says is refused as BadRequest', () => {
  const refused = (error: unknown) =>
    error instanceof StatusError && error.status.code === 'platform:status:BadRequest'
  for (const text of ['', '{', '{"id":1', 'hello', '\u0000'])
    assert.throws(() => decodeRequestFrame(Buffer.from(text), false), refused)
  for (const bytes of [[], [0xdc, 0xff, 0xff], [0xdd, 0xff, 0xff, 0xff, 0xff], [0xdb, 0x7f]])
    assert.throws(() => decodeRequestFrame(Buffer.from(bytes), true), refused)
  const packed = new Packr(options).pack({ id: 1, method: 'ping', params: [] })
  assert.deepEqual(decodeRequestFrame(packed, true), { id: 1, method: 'ping', params: [] })
})

test('WIRE-5: random bytes as a frame give a value or BadRequest, and the next frame is read as ever', () => {
  const sound = new Packr(options).pack({ id: 1, method: 'ping', params: ['x'] })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, isBinary) => {
      try {
        decodeRequestFrame(Buffer.from(bytes), isBinary)
      } catch (error) {
        assert.ok(error instanceof StatusError)
      }
      assert.deepEqual(decodeRequestFrame(sound, true), { id: 1, method: 'ping', params: ['x'] })
    }),
    { numRuns: 2000 },
  )
})
