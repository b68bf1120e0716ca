import { describe, expect, test } from '@jest/globals'
import { applyTransaction } from '../apply-transaction.ts'
import { boardHierarchy, coded, document, Task, updateTx } from '../fixture.ts'
import { core } from '../identifiers.ts'
import { planFind } from './plan-find.ts'
import { satisfying } from '../../tests/support/expecting.ts'

const hierarchy = boardHierarchy()
const refused = coded('core:status:InvalidQuery')
const invalid = coded('core:status:InvalidTransaction')

const noOperand: [string, readonly unknown[]][] = [
  ['$in', [undefined, null, [undefined], ['a', undefined], Array(1)]],
  ['$nin', [undefined, null, [undefined]]],
  ['$all', [undefined, null, [undefined]]],
  ['$eq', [undefined]],
  ['$ne', [undefined]],
  ...['$gt', '$gte', '$lt', '$lte'].map((name): [string, unknown[]] => [name, [undefined, null]]),
  ['$exists', [undefined, null]],
  ['$size', [undefined, null]],
  ['$like', [undefined, null]],
  ['$regex', [undefined, null]],
]
describe('operands', () => {
  test.each(noOperand)(
    'DOC-53: %s without an operand is refused in queries, lookups, sorts, $pull and $update',
    (name, operands) => {
      for (const operand of operands) {
        const query = { title: { [name]: operand } }
        expect(() => planFind(hierarchy, Task, query)).toThrow(satisfying(refused))
        expect(() => planFind(hierarchy, Task, { title: { $exists: true, [name]: operand } })).toThrow(
          satisfying(refused),
        )
        const joined = { '$lookup.assignee.email': { [name]: operand } }
        const lookup = { assignee: core.class.Account }
        expect(() => planFind(hierarchy, Task, joined, { lookup })).toThrow(satisfying(refused))
        const cases = [{ query: { [name]: operand }, index: 0 }]
        expect(() => planFind(hierarchy, Task, {}, { sort: { title: { order: 1, cases } } })).toThrow(
          satisfying(refused),
        )
        const doc = document({ tags: ['a'], list: [{ title: 'a' }] })
        const operations = [
          { $pull: { tags: { [name]: operand } } },
          { $pull: { list: query } },
          { $update: { list: { $query: query, $update: { title: 'b' } } } },
        ]
        for (const each of operations)
          expect(() => applyTransaction(doc, updateTx(each))).toThrow(satisfying(invalid))
      }
    },
  )

  test('DOC-53: a null $options and an undefined $search are refused, and undefined fields are left out', () => {
    for (const $options of [null, undefined])
      expect(() => planFind(hierarchy, Task, { title: { $regex: 'x', $options } })).toThrow(
        satisfying(refused),
      )
    for (const $search of [null, undefined] as never[])
      expect(() => planFind(hierarchy, Task, { $search })).toThrow(satisfying(refused))
    expect(planFind(hierarchy, Task, { title: undefined })).toStrictEqual(planFind(hierarchy, Task))
  })

  test('DOC-53: null is a valid operand of $eq, $ne, $in, $nin and $all', () => {
    for (const title of [{ $eq: null }, { $ne: null }, { $in: [null] }, { $nin: [null] }, { $all: [null] }])
      expect(() => planFind(hierarchy, Task, { title } as never)).not.toThrow()
  })
})
