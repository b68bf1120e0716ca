import { describe, expect, test } from '@jest/globals'
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
import { satisfying } from '../tests/support/expecting.ts'
import { propertyParameters } from '../tests/support/property-parameters.ts'

const options = { structuredClone: true, bundleStrings: true } as const
const unpackr = new Unpackr(options)
const docs = [{ _id: 'a', title: 'Ä€𝄞' }, { _id: 'b' }]

describe('codecs', () => {
  test('WIRE-1: a find result is transferred as a TotalArray, in JSON and in msgpack', () => {
    const response = { id: 7, result: findResult([...docs], 12) }
    const expected = { id: 7, result: { dataType: 'TotalArray', total: 12, value: docs } }
    expect(JSON.parse(encodeJson(response))).toStrictEqual(expected)
    expect(unpackr.unpack(encodeBinary(response))).toStrictEqual(expected)
    for (const decoded of [decodeJson(encodeJson(response)), decodeBinary(encodeBinary(response))]) {
      expect([...(decoded.result as unknown[])]).toStrictEqual(docs)
      expect((decoded.result as { total: number }).total).toBe(12)
    }
  })

  test('WIRE-2: an undefined result is transferred as null', () => {
    expect(encodeJson({ id: 1, result: undefined })).toBe('{"id":1,"result":null}')
    expect(unpackr.unpack(encodeBinary({ id: 1, result: undefined }))).toStrictEqual({ id: 1, result: null })
    const error = new StatusError('platform:status:Forbidden').status
    expect(JSON.parse(encodeJson({ id: 1, error }))).toStrictEqual({ id: 1, error })
  })

  test('WIRE-3: an encoded value is decoded to the same value, by the client’s decoder and by an independent one', () => {
    const json = fc.jsonValue({ noUnicodeString: false })
    // A document has no key such as `__proto__`, which msgpackr renames.
    const result = fc.oneof(json, fc.array(json)).filter((value) => jsonFlaw(value) === undefined)
    fc.assert(
      fc.property(fc.oneof(fc.nat(), fc.string()), result, (id, value) => {
        // JSON has no negative zero.
        const response: Response = { id, result: JSON.parse(JSON.stringify(value)) as unknown }
        expect(decodeJson(encodeJson(response))).toStrictEqual(response)
        expect(decodeBinary(encodeBinary(response))).toStrictEqual(response)
        expect(unpackr.unpack(encodeBinary(response))).toStrictEqual(response)
      }),
      propertyParameters(),
    )
  })

  test('WIRE-4: a request frame that its type does not allow is refused as BadRequest', () => {
    const refused = (error: unknown) =>
      error instanceof StatusError && error.status.code === 'platform:status:BadRequest'
    for (const text of ['', '{', '{"id":1', 'hello', '\u0000'])
      expect(() => decodeRequestFrame(Buffer.from(text), false)).toThrow(satisfying(refused))
    for (const bytes of [[], [0xdc, 0xff, 0xff], [0xdd, 0xff, 0xff, 0xff, 0xff], [0xdb, 0x7f]])
      expect(() => decodeRequestFrame(Buffer.from(bytes), true)).toThrow(satisfying(refused))
    const packed = new Packr(options).pack({ id: 1, method: 'ping', params: [] })
    expect(decodeRequestFrame(packed, true)).toStrictEqual({ id: 1, method: 'ping', params: [] })
  })

  test('WIRE-5: a frame of random bytes gives a value or BadRequest, and the next frame is parsed as usual', () => {
    const sound = new Packr(options).pack({ id: 1, method: 'ping', params: ['x'] })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, isBinary) => {
        try {
          decodeRequestFrame(Buffer.from(bytes), isBinary)
        } catch (error) {
          expect(error).toBeInstanceOf(StatusError)
        }
        expect(decodeRequestFrame(sound, true)).toStrictEqual({ id: 1, method: 'ping', params: ['x'] })
      }),
      propertyParameters({ numRuns: 2000 }),
    )
  })
})
