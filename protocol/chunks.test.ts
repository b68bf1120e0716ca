import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ChunkAssembler, splitResult } from './chunks.ts'
import { decodeJson, encodeJson, findResult } from './codec.ts'
import type { Response } from './messages.ts'
import { propertyParameters } from '../tests/support/property-parameters.ts'

const whole = (length: number) => Array.from({ length }, (_, at) => at)
const by = (maxCount: number) => ({ maxCount, maxBytes: Infinity })

describe('chunks', () => {
  test('WIRE-6: a result within the limit is one frame without a chunk, and a longer one has chunks from index 1', () => {
    expect(splitResult(whole(3), by(3))).toStrictEqual([{ result: [0, 1, 2] }])
    expect(splitResult([], by(3))).toStrictEqual([{ result: [] }])
    expect(splitResult(whole(7), by(3)).map(({ chunk }) => chunk)).toStrictEqual([
      { index: 1, final: false },
      { index: 2, final: false },
      { index: 3, final: true },
    ])
  })

  test('WIRE-15: a chunk stays within its bytes too; a larger item is a chunk of its own', () => {
    const items = ['a'.repeat(30), 'b'.repeat(30), 'c'.repeat(500), 'd', 'e']
    const parts = splitResult(items, { maxCount: 100, maxBytes: 70 })
    expect(parts.map(({ result }) => result)).toStrictEqual([
      items.slice(0, 2),
      items.slice(2, 3),
      items.slice(3),
    ])
  })

  test('WIRE-7: every chunk carries the total', () => {
    for (const { result } of splitResult(findResult(whole(7), 40), by(3)))
      expect((result as unknown as { total: number }).total).toBe(40)
    expect(splitResult(whole(7), by(3)).every(({ result }) => !('total' in result))).toBe(true)
  })

  test('WIRE-8: chunks give the whole result with its total, in any order and between other responses', () => {
    const answer = fc.record({ length: fc.nat(40), size: fc.integer({ min: 1, max: 9 }), total: fc.nat() })
    fc.assert(
      fc.property(
        fc.array(answer, { maxLength: 4 }),
        fc.infiniteStream(fc.nat()),
        fc.boolean(),
        (answers, keys, withTotal) => {
          const frames = answers.flatMap(({ length, size, total }, id) => {
            const result = withTotal ? findResult(whole(length), total) : whole(length)
            return splitResult(result, by(size)).map((part) => decodeJson(encodeJson({ id, ...part })))
          })
          const shuffled = frames
            .map((frame) => ({ frame, key: keys.next().value ?? 0 }))
            .sort((a, b) => a.key - b.key)
          const assembler = new ChunkAssembler()
          const complete = new Map<Response['id'], Response>()
          for (const { frame } of shuffled) {
            const response = assembler.add(frame)
            if (response !== undefined) complete.set(response.id, response)
          }
          for (const [id, { length, total }] of answers.entries()) {
            const result = complete.get(id)?.result as (unknown[] & { total?: number }) | undefined
            expect([...(result ?? ['missing'])]).toStrictEqual(whole(length))
            expect(result?.total).toBe(withTotal ? total : undefined)
            expect(complete.get(id)?.chunk).toBeUndefined()
            expect(assembler.progress(id)).toBe(0)
          }
        },
      ),
      propertyParameters(),
    )
  })

  test('WIRE-9: a client knows how much of a response has arrived, and can discard it', () => {
    const assembler = new ChunkAssembler()
    const [first, second] = splitResult(whole(5), by(3))
    expect(assembler.add({ id: 1, ...first })).toBeUndefined()
    expect(assembler.progress(1)).toBe(3)
    assembler.clear()
    expect(assembler.progress(1)).toBe(0)
    expect(assembler.add({ id: 1, ...second })).toBeUndefined()
  })
})
