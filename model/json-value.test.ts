import { describe, expect, test } from '@jest/globals'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { createTx } from './fixture.ts'
import { jsonFlaw, takeValue, ValueFlaw } from './json-value.ts'
import { takeTransaction } from './take-transaction.ts'
import { StatusError } from './status.ts'
import { expectFor, satisfying } from '../tests/support/expecting.ts'
import { propertyParameters } from '../tests/support/property-parameters.ts'

const half = '\ud83d'

function flawOf(value: unknown): [message: string, path: string] | undefined {
  try {
    takeValue(value)
    return undefined
  } catch (error) {
    if (!(error instanceof ValueFlaw)) throw error
    return [error.message, error.path]
  }
}

describe('values', () => {
  test('DOC-50: halves of surrogate pairs become U+FFFD, in values and in keys, and whole pairs are unchanged', () => {
    expect(takeValue(`a${half}b\udc00`)).toBe('a\ufffdb\ufffd')
    expect(takeValue({ [`k${half}`]: [{ deep: half }] })).toStrictEqual({ 'k\ufffd': [{ deep: '\ufffd' }] })
    expect(takeValue('😀')).toBe('😀')
    expect(flawOf({ a: { [half]: 1, '\ufffd': 2 } })).toStrictEqual([
      'two keys that are one when they are well-formed',
      'a.\ufffd',
    ])
  })

  test('DOC-50: -0 becomes 0, undefined fields are left out, and other values are unchanged', () => {
    expect(Object.is(takeValue(-0), 0)).toBe(true)
    expect(Object.keys(takeValue({ a: undefined, b: -0, c: null }))).toStrictEqual(['b', 'c'])
    const kept = { '': 1, 'a.b': 2, $c: 3, '"q"': 4, list: [0.1, 2 ** 60, 5e-324, 8.64e15 + 2, null, false] }
    expect(takeValue(kept)).toBe(kept)
  })

  test('DOC-50: a value that JSON represents exactly is returned unchanged', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text)
        if (jsonFlaw(value) !== undefined) return
        const taken = takeValue(value)
        expect(taken).toStrictEqual(
          JSON.parse(
            JSON.stringify(value)
              .toWellFormed()
              .replaceAll(/\\u[dD][89a-fA-F]../g, '\ufffd'),
          ),
        )
        expect(takeValue(taken)).toBe(taken)
      }),
      propertyParameters(),
    )
  })

  test('DOC-51: a value that JSON cannot represent is refused with its path', () => {
    class Point {
      x = 1
    }
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    const odd: [unknown, string][] = [
      [NaN, 'not a finite number'],
      [Infinity, 'not a finite number'],
      [JSON.parse('1e400'), 'not a finite number'],
      [1n, 'a bigint is not a JSON value'],
      [Symbol('s'), 'a symbol is not a JSON value'],
      [() => 1, 'a function is not a JSON value'],
      [/x/, 'a RegExp is not a JSON value'],
      [new Map(), 'a Map is not a JSON value'],
      [new Set(), 'a Set is not a JSON value'],
      [new Date(NaN), 'a Date is not a JSON value'],
      [new Point(), 'a Point is not a JSON value'],
      [new Uint8Array(1), 'a Uint8Array is not a JSON value'],
      [new Error('x'), 'a Error is not a JSON value'],
      [Object('boxed'), 'a String is not a JSON value'],
      [Promise.resolve(), 'a Promise is not a JSON value'],
      [Object.create({ inherited: 1 }), 'a Object is not a JSON value'],
      [cyclic, 'nested too deeply'],
      [undefined, 'undefined in an array'],
      [JSON.parse('{"__proto__":1}'), 'reserved key __proto__'],
      [{ __proto_: 1 }, 'reserved key __proto_'],
      [{ constructor: 1 }, 'reserved key constructor'],
      [{ prototype: 1 }, 'reserved key prototype'],
      [{ $in: undefined }, 'undefined is no operand'],
    ]
    for (const [value, message] of odd) {
      const [told, path] = flawOf({ a: [1, value] }) ?? []
      expect(told).toBe(message)
      expectFor(`${message}: ${path}`, path?.startsWith('a.1')).toBeTruthy()
    }
    expect(flawOf({ a: Array(2) })).toStrictEqual(['undefined in an array', 'a.0'])
  })

  test('DOC-51: an object of another realm is treated like any other object', () => {
    const foreign = runInNewContext('({ a: [{ b: 1 }] })') as unknown
    expect(takeValue(foreign)).toBe(foreign)
    expect(flawOf(runInNewContext('new (class P {})()'))?.[0]).toBe('a P is not a JSON value')
  })

  test('DOC-52: an id of a transaction with half a surrogate pair is refused, also in inner transactions', () => {
    const tx = createTx({ title: half })
    expect(takeTransaction(tx).attributes).toStrictEqual({ title: '\ufffd' })
    for (const name of ['_id', 'objectId', 'objectSpace', 'objectClass', 'space', 'modifiedBy', 'attachedTo'])
      for (const [sent, field] of [
        [{ ...tx, [name]: half }, name],
        [{ ...tx, tx: { ...tx, [name]: half } }, name],
        [{ ...tx, txes: [tx, { ...tx, tx: { ...tx, [name]: half } }] }, name],
      ] as const)
        expect(() => takeTransaction(sent)).toThrow(
          satisfying(
            (error) =>
              error instanceof StatusError &&
              error.status.code === 'core:status:InvalidTransaction' &&
              error.status.params['field'] === field,
          ),
        )
  })
})
