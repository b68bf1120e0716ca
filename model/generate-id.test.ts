import { describe, expect, test } from '@jest/globals'
import { document, createTx } from './fixture.ts'
import { createIdGenerator, generateId } from './generate-id.ts'
import { EMPTY_MODEL_HASH, canonicalJson, contentHash, nextModelHash } from './hash-chain.ts'

describe('ids and hashes', () => {
  test('DOC-34: a generated id is 24 hexadecimal digits: seconds, five random bytes and a counter', () => {
    const random = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0xff)
    const next = createIdGenerator({ now: () => 0x65_00_00_01 * 1000 + 999, random })
    expect([next(), next()]).toStrictEqual(['65000001ffffffffff000000', '65000001ffffffffff000001'])
    const ids = new Set(Array.from({ length: 1000 }, () => generateId()))
    expect(ids.size).toBe(1000)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{24}$/)
  })

  test('DOC-35: a model hash follows from the previous hash and the transaction', () => {
    const tx = createTx({ a: 1 })
    const first = nextModelHash(EMPTY_MODEL_HASH, tx)
    expect(first).toMatch(/^[0-9a-f]{64}$/)
    expect(nextModelHash(EMPTY_MODEL_HASH, { ...tx })).toBe(first)
    expect(nextModelHash(first, tx)).not.toBe(first)
    expect(nextModelHash(EMPTY_MODEL_HASH, createTx({ a: 2 }))).not.toBe(first)
  })

  test('DOC-36: equal content has one canonical text and hash, whatever the order of its keys', () => {
    expect(canonicalJson({ b: [1, { d: undefined, c: null }], a: 'ü' })).toBe('{"a":"ü","b":[1,{"c":null}]}')
    const hash = contentHash(document({ x: 1, y: 2 }))
    expect(contentHash(document({ y: 2, x: 1, z: undefined }))).toBe(hash)
    expect(contentHash(document({ x: 1, y: 3 }))).not.toBe(hash)
  })
})
