import { describe, expect, test } from '@jest/globals'
import { applyTransaction, targetOf } from './apply-transaction.ts'
import type { Account, Doc, Ref } from './documents.ts'
import {
  Bug,
  Comment,
  Estimated,
  Task,
  coded,
  createTx,
  document,
  fieldsOf,
  mixinTx,
  updateTx,
} from './fixture.ts'
import { core } from './identifiers.ts'
import type { TxCollectionCUD, UpdateOperations } from './transactions.ts'
import { satisfying } from '../tests/support/expecting.ts'

const invalid = coded('core:status:InvalidTransaction')

describe('applying transactions', () => {
  test('DOC-6: a created document is signed by its modifier unless it names a creator, and requires a new id', () => {
    const someone = 'someone' as Ref<Account>
    const doc = applyTransaction(undefined, createTx({ title: 'a', _id: 'forged', space: 'forged' }))
    expect([doc?._id, doc?.createdBy, doc?.createdOn]).toStrictEqual(['doc', core.account.System, 20])
    expect(doc?.space).toBe(core.space.Space)
    const imported = applyTransaction(undefined, createTx({}, { createdBy: someone, createdOn: 5 }))
    expect([imported?.createdBy, imported?.createdOn, imported?.modifiedOn]).toStrictEqual([someone, 5, 20])
    expect(() => applyTransaction(doc, createTx({}))).toThrow(
      satisfying(coded('core:status:ObjectExists', { _id: 'doc' })),
    )
  })

  test('DOC-6: a change of a document that does not exist is refused', () => {
    const missing = coded('core:status:ObjectNotFound', { _id: 'doc' })
    expect(() => applyTransaction(undefined, updateTx({ a: 1 }))).toThrow(satisfying(missing))
    expect(() => applyTransaction(undefined, mixinTx({}))).toThrow(satisfying(missing))
  })

  const people = [{ name: 'x', age: 1 }, { name: 'y', age: 2 }, 'x']
  const updates: [string, Record<string, unknown>, UpdateOperations, Record<string, unknown>][] = [
    ['DOC-7: $pull takes a value', { a: [1, 2, 1, [1]] }, { $pull: { a: 1 } }, { a: [2, [1]] }],
    ['DOC-7: $pull takes {$in}', { a: [1, 2, 3] }, { $pull: { a: { $in: [1, 3] } } }, { a: [2] }],
    ['DOC-7: $pull takes operators', { a: [1, 2, 3] }, { $pull: { a: { $gte: 2 } } }, { a: [1] }],
    [
      'DOC-7: $pull takes a query of objects',
      { a: people },
      { $pull: { a: { name: 'x' } } },
      { a: people.slice(1) },
    ],
    ['DOC-7: $pull from a missing array changes nothing', {}, { $pull: { 'a.b': 1 } }, {}],
    [
      'DOC-8: $push appends to the array, and creates a missing one',
      {},
      { $push: { 'a.b': 1 } },
      { a: { b: [1] } },
    ],
    ['DOC-8: $push takes {$each}', { a: [1] }, { $push: { a: { $each: [2, 3] } } }, { a: [1, 2, 3] }],
    [
      'DOC-8: $push takes {$position}',
      { a: [1, 2] },
      { $push: { a: { $each: [0], $position: 0 } } },
      { a: [0, 1, 2] },
    ],
    [
      'DOC-8: $push counts a negative position from the end',
      { a: [1, 3] },
      { $push: { a: { $each: [2], $position: -1 } } },
      { a: [1, 2, 3] },
    ],
    [
      'DOC-9: $inc adds to a number or to a missing field',
      { a: 1 },
      { $inc: { a: 2, 'b.c': -1 } },
      { a: 3, b: { c: -1 } },
    ],
    [
      'DOC-10: $unset removes a field',
      { a: 1, b: { c: 1, d: 2 } },
      { $unset: { a: true, 'b.c': '', 'x.y': '' } },
      { b: { d: 2 } },
    ],
    [
      'DOC-10: $unset of an array item sets it to null',
      { a: [1, 2] },
      { $unset: { 'a.0': true } },
      { a: [null, 2] },
    ],
    [
      'DOC-11: $move inserts a value at a position among the remaining items',
      { a: [1, 2, 3] },
      { $move: { a: { $value: 1, $position: 1 } } },
      { a: [2, 1, 3] },
    ],
    [
      'DOC-11: $move inserts a value that the array did not contain',
      {},
      { $move: { a: { $value: 1, $position: 5 } } },
      { a: [1] },
    ],
    [
      'DOC-12: $update sets fields of the objects that meet its query',
      { a: people },
      { $update: { a: { $query: { age: { $gt: 1 } }, $update: { name: 'z' } } } },
      { a: [people[0], { name: 'z', age: 2 }, 'x'] },
    ],
    [
      'DOC-13: $pushMixin pushes to a field of the mixin',
      {},
      { $pushMixin: { $mixin: Estimated, values: { reasons: 'r' } } },
      { [Estimated]: { reasons: ['r'] } },
    ],
    [
      'DOC-19: plain fields and operators can be combined',
      { a: [1] },
      { b: 1, 'c.d': 2, $push: { a: 2 }, $inc: { n: 1 } },
      { a: [1, 2], b: 1, c: { d: 2 }, n: 1 },
    ],
    [
      'DOC-19: an undefined value counts as absent',
      { a: 1 },
      { a: undefined, $inc: { a: undefined as never } },
      { a: 1 },
    ],
  ]
  test.each(updates)('%s', (_title, before, operations, after) => {
    const doc = deepFreeze(document(before))
    const result = applyTransaction(doc, updateTx(operations))
    expect(fieldsOf(result)).toStrictEqual(after)
    expect([result?.modifiedOn, result?.modifiedBy]).toStrictEqual([20, core.account.System])
  })

  test('DOC-13: the fields of a mixin are stored under its id, and are changed by operators too', () => {
    const doc = applyTransaction(document(), mixinTx({ hours: 2 }))
    const again = applyTransaction(
      doc,
      mixinTx({ $inc: { hours: 1 }, $push: { reasons: 'r' }, 'plan.late': true }),
    )
    expect(fieldsOf(again)).toStrictEqual({ [Estimated]: { hours: 3, reasons: ['r'], plan: { late: true } } })
    expect(fieldsOf(applyTransaction(document(), mixinTx({})))).toStrictEqual({ [Estimated]: {} })
  })

  test('DOC-14: a collection transaction sets the attached fields, and its own signature applies instead of the inner one', () => {
    const outer = createTx({}, { objectId: 'task' as Ref })
    const inner = createTx(
      { message: 'm' },
      { objectId: 'c' as Ref, objectClass: Comment, modifiedBy: 'forged' as Ref<Account> },
    )
    const tx: TxCollectionCUD = {
      ...outer,
      _class: core.class.TxCollectionCUD,
      collection: 'comments',
      tx: inner,
    }
    const doc = applyTransaction(undefined, tx)
    const attached = { attachedTo: 'task', attachedToClass: Task, collection: 'comments', message: 'm' }
    expect(fieldsOf(doc)).toStrictEqual(attached)
    expect([doc?._id, doc?._class, doc?.modifiedBy]).toStrictEqual(['c', Comment, core.account.System])
    expect({ ...targetOf(tx) }).toStrictEqual({
      _id: 'c',
      _class: Comment,
      space: core.space.Space,
      created: true,
    })
    expect(() => applyTransaction(undefined, { ...tx, tx } as unknown as TxCollectionCUD)).toThrow(
      satisfying(invalid),
    )
  })

  test('DOC-15: a change shares the parts it does not change, and never changes its input', () => {
    const doc = deepFreeze(document({ a: { b: { c: 1 }, d: {} }, list: [{ x: 1 }, { y: 1 }] })) as Doc &
      Record<string, never>
    const after = applyTransaction(doc, updateTx({ 'a.b.c': 2, 'list.0.x': 2 })) as Doc &
      Record<string, never>
    expect(after['a']?.['d']).toBe(doc['a']?.['d'])
    expect(after['list']?.[1]).toBe(doc['list']?.[1])
    expect(fieldsOf(doc)).toStrictEqual({ a: { b: { c: 1 }, d: {} }, list: [{ x: 1 }, { y: 1 }] })
  })

  const hostile = JSON.parse('{"__proto__":{"polluted":1}}') as Record<string, unknown>
  const reserved: UpdateOperations[] = [
    hostile,
    { a: hostile },
    { 'a.__proto__.polluted': 1 },
    { 'constructor.prototype.polluted': 1 },
    { $push: { a: hostile } },
    { $inc: { '__proto__.polluted': 1 } },
    { $unset: { 'constructor.prototype': 1 } },
    { $pushMixin: { $mixin: '__proto__' as never, values: { polluted: 1 } } },
    { $update: { list: { $query: {}, $update: { '__proto__.polluted': 1 } } } },
  ]
  test.each(reserved)('DOC-16: keys that reach a prototype are refused in changes: %j', (operations) => {
    expect(() => applyTransaction(document({ list: [{}] }), updateTx(operations))).toThrow(
      satisfying(invalid),
    )
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('DOC-16: keys that reach a prototype are refused in creations and mixins', () => {
    expect(() => applyTransaction(undefined, createTx({ deep: [hostile] }))).toThrow(satisfying(invalid))
    expect(() => applyTransaction(document(), mixinTx(hostile))).toThrow(satisfying(invalid))
    expect(() => applyTransaction(document(), mixinTx({}, { mixin: '__proto__' as never }))).toThrow(
      satisfying(invalid),
    )
  })

  test('DOC-16: a field with the name of an inherited member is an ordinary field', () => {
    const doc = applyTransaction(document(), updateTx({ $inc: { valueOf: 1 }, $push: { toString: 1 } }))
    expect(Object.entries(fieldsOf(doc))).toStrictEqual([
      ['valueOf', 1],
      ['toString', [1]],
    ])
  })

  const wrong: [Record<string, unknown>, unknown][] = [
    [{}, { $rename: { a: 'b' } }],
    [{}, { $push: 1 }],
    [{ a: 1 }, { $push: { a: 1 } }],
    [{ a: null }, { $push: { a: 1 } }],
    [{ a: [] }, { $push: { a: { $position: 1 } } }],
    [{ a: [] }, { $push: { a: { $each: [1], $position: 'x' } } }],
    [{ a: [] }, { $push: { a: { $each: [1], $slice: 1 } } }],
    [{ a: [1] }, { $pull: { a: { $unknown: 1 } } }],
    [{ a: 'x' }, { $inc: { a: 1 } }],
    [{ a: 1 }, { $inc: { a: '1' } }],
    [{ a: 1.7e308 }, { $inc: { a: 1.7e308 } }],
    [{ a: [] }, { $move: { a: { $position: 1 } } }],
    [{ a: [] }, { $update: { a: { $query: 1, $update: {} } } }],
    [{ a: 1 }, { 'a.b': 1 }],
    [{ a: [] }, { 'a.b': 1 }],
    [{ a: [] }, { 'a.1000000': 1 }],
    [{}, { '': 1 }],
    [{}, { 'a..b': 1 }],
    [{}, { [Array.from({ length: 40 }, () => 'a').join('.')]: 1 }],
    [{}, { a: new Date(0) }],
    [{}, { a: Infinity }],
  ]
  for (const [before, operations] of wrong) {
    test(`DOC-17: a wrong operand is refused: ${JSON.stringify(operations).slice(0, 60)} on ${JSON.stringify(before)}`, () => {
      expect(() => applyTransaction(document(before), updateTx(operations as UpdateOperations))).toThrow(
        satisfying(invalid),
      )
    })
  }

  test('DOC-18: an update moves a document to another space, but never changes _id or _class', () => {
    expect(applyTransaction(document(), updateTx({ space: 'other' }))?.space).toBe('other')
    expect(() => applyTransaction(document(), updateTx({ _id: 'other' }))).toThrow(satisfying(invalid))
    expect(() => applyTransaction(document(), updateTx({ _class: Bug }))).toThrow(satisfying(invalid))
    expect(() => applyTransaction(document(), updateTx({ $unset: { _class: true } }))).toThrow(
      satisfying(invalid),
    )
    expect(() => applyTransaction(document(), updateTx({ $unset: { space: true } }))).toThrow(
      satisfying(invalid),
    )
  })

  test('DOC-43: a removal leaves no document', () => {
    expect(applyTransaction(document(), { ...createTx({}), _class: core.class.TxRemoveDoc })).toBeUndefined()
  })

  function deepFreeze<T>(value: T): T {
    if (typeof value === 'object' && value !== null) {
      Object.freeze(value)
      Object.values(value).forEach(deepFreeze)
    }
    return value
  }

  test('DOC-8: $push accepts more values than a call accepts arguments, also at a position', () => {
    const $each = Array.from({ length: 300_000 }, (_, at) => at)
    const pushed = (operand: object) => {
      const after = applyTransaction(document({ list: ['a', 'b'] }), updateTx({ $push: { list: operand } }))
      return fieldsOf(after)['list'] as unknown[]
    }
    expect(pushed({ $each })).toHaveLength(300_002)
    for (const [$position, at] of [
      [1, 1],
      [-1, 1],
      [0, 0],
      [9, 2],
      [-9, 0],
    ] as const) {
      const list = pushed({ $each, $position })
      expect([list.length, list[at], list[at + 299_999]]).toStrictEqual([300_002, 0, 299_999])
    }
  })
})
