import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { StatusError } from '../model/status.ts'
import { parseRequest } from './parse-request.ts'
import { parseTransaction, transactionSchema } from './transaction-schema.ts'
import { expectThat } from '../tests/support/expecting.ts'
import { propertyParameters } from '../tests/support/property-parameters.ts'

/** The fields of every change of a document. */
const header = { _id: 'a', space: 's', objectSpace: 's', modifiedBy: 'm', objectId: 'o', objectClass: 'c' }

const statusOf = (parse: () => unknown) => {
  try {
    parse()
  } catch (error) {
    expectThat(error instanceof StatusError, String(error))
    return error.status
  }
  return undefined
}

/** Hostile JSON: it has the keys and values that the server itself uses. */
const key = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'id', 'method', 'params'),
  fc.constantFrom(
    '_class',
    '_id',
    'space',
    'objectId',
    'objectSpace',
    'modifiedBy',
    'attributes',
    'txes',
    'tx',
  ),
  fc.string(),
)
const value = fc.oneof(
  fc.constantFrom('core:class:TxCreateDoc', 'core:class:TxApplyIf', 'core:class:TxCollectionCUD', 'hello'),
  fc.jsonValue(),
)
const { garbage } = fc.letrec((tie) => ({
  garbage: fc.oneof(
    { maxDepth: 5 },
    value,
    fc.array(tie('garbage'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('garbage')), { maxLength: 8 }).map(
      // Own keys, as JSON.parse makes them.
      (entries) =>
        JSON.parse(
          `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v) ?? 0}`).join(',')}}`,
        ) as unknown,
    ),
  ),
}))

function assertPlain(parsed: unknown): void {
  if (typeof parsed !== 'object' || parsed === null) return
  const prototype: unknown = Object.getPrototypeOf(parsed)
  expect(prototype === Object.prototype || prototype === Array.prototype || prototype === null).toBe(true)
  for (const inner of Object.values(parsed)) assertPlain(inner)
}

describe('parsing requests', () => {
  test('WIRE-10: a request is an object with a method, an array of params, and an id', () => {
    expect(parseRequest({ id: 1, method: 'ping', params: ['x'] })).toStrictEqual({
      id: 1,
      method: 'ping',
      params: ['x'],
    })
    expect(parseRequest({ method: 'ping' })).toStrictEqual({ id: -1, method: 'ping', params: [] })
    for (const frame of [null, 1, 'ping', [], {}, { id: 1 }, { method: 1 }, { method: 'ping', params: {} }])
      expect(statusOf(() => parseRequest(frame))?.code).toBe('platform:status:BadRequest')
    expect(statusOf(() => parseRequest({ id: 'a', params: [] }))?.params['id']).toBe('a')
    expect(statusOf(() => parseRequest({ id: {}, method: 'ping' }))?.params['id']).toBeUndefined()
    expect(statusOf(() => parseRequest({ id: 1, method: 'x'.repeat(65) }))?.params['id']).toBe(1)
  })

  test('WIRE-11: hello takes its options or none, and null counts as none', () => {
    const hello = { id: -1, method: 'hello', params: [] }
    const none = {
      binary: undefined,
      compression: undefined,
      broadcast: undefined,
      protocol: undefined,
      resume: undefined,
    }
    expect(parseRequest(hello)).toStrictEqual({ ...hello, ...none })
    expect(parseRequest({ ...hello, binary: null, broadcast: null })).toStrictEqual({ ...hello, ...none })
    const resume = { epoch: 'e', seq: 7 }
    const all = { binary: true, compression: false, broadcast: false, protocol: 2, resume }
    expect(parseRequest({ ...hello, ...all })).toStrictEqual({ ...hello, ...all })
    for (const seq of [-1, 1.5, '7', undefined])
      expect(statusOf(() => parseRequest({ ...hello, resume: { epoch: 'e', seq } }))).toBeDefined()
    expect(statusOf(() => parseRequest({ ...hello, binary: 'yes' }))?.code).toBe('platform:status:BadRequest')
  })

  test('WIRE-12: random input is a request, or is refused with a code, and never reaches a prototype', () => {
    const before = Object.getOwnPropertyNames(Object.prototype)
    fc.assert(
      fc.property(garbage, (frame) => {
        let request
        const status = statusOf(() => (request = parseRequest(frame)))
        if (status === undefined) assertPlain(request)
        else expect(status.code).toBe('platform:status:BadRequest')
      }),
      propertyParameters({ numRuns: 2000 }),
    )
    expect(Object.getOwnPropertyNames(Object.prototype)).toStrictEqual(before)
  })

  test('WIRE-13: random input is a transaction, or is refused with a code, and never reaches a prototype', () => {
    const before = Object.getOwnPropertyNames(Object.prototype)
    const almost = fc.record({
      _class: fc.constantFrom('core:class:TxCreateDoc', 'core:class:TxUpdateDoc', 'core:class:TxMixin'),
      attributes: garbage,
      operations: garbage,
      mixin: garbage,
    })
    fc.assert(
      fc.property(
        fc.oneof(
          garbage,
          almost.map((fields) => ({ ...header, ...fields })),
        ),
        (value) => {
          let tx
          const status = statusOf(() => (tx = parseTransaction(value)))
          if (status === undefined) assertPlain(tx)
          else expect(status.code).toBe('core:status:InvalidTransaction')
        },
      ),
      propertyParameters({ numRuns: 2000 }),
    )
    expect(Object.getOwnPropertyNames(Object.prototype)).toStrictEqual(before)
  })

  test('WIRE-13: a transaction has exactly the fields of its schema, whatever the value of one of them', () => {
    const change = {
      ...header,
      modifiedOn: 1,
      attributes: { title: 'A' },
      operations: { title: 'B' },
      retrieve: true,
    }
    const classes = fc.constantFrom(
      'core:class:TxCreateDoc',
      'core:class:TxUpdateDoc',
      'core:class:TxRemoveDoc',
      'x',
    )
    const names = fc.constantFrom('_class', ...Object.keys(change))
    const values = fc.constantFrom<unknown>(undefined, null, '', 'x'.repeat(513), 'a', 0, true, false, [], {})
    let valid = 0
    const property = fc.property(classes, names, values, (_class, name, value) => {
      const tx = { ...change, _class, [name]: value }
      const expected = transactionSchema.safeParse(tx)
      // Undefined fields are absent.
      const data = structuredClone(expected.data) as Record<string, unknown> | undefined
      if (data?.[name] === undefined) delete data?.[name]
      const status = statusOf(() => expect(parseTransaction(tx)).toStrictEqual(data))
      expect(status?.code).toBe(expected.success ? undefined : 'core:status:InvalidTransaction')
      if (expected.success) valid += 1
    })
    fc.assert(property, propertyParameters({ numRuns: 1000 }))
    expect(valid).toBeGreaterThan(100)
  })

  test('WIRE-14: a transaction keeps undeclared fields that JSON can represent, and no others', () => {
    const tx = { ...header, _class: 'core:class:TxRemoveDoc', modifiedOn: 1 }
    expect(parseTransaction({ ...tx, note: { by: ['hand'] } })).toStrictEqual({
      ...tx,
      note: { by: ['hand'] },
    })
    const deep = JSON.parse(`${'['.repeat(9000)}1${']'.repeat(9000)}`) as unknown
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    for (const note of [deep, cyclic, 1n, NaN, new Date(), new Map(), JSON.parse('{"__proto__":1}')])
      expect(statusOf(() => parseTransaction({ ...tx, note }))?.code).toBe('core:status:InvalidTransaction')
  })
})
