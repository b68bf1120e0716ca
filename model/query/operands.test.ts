import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyTransaction } from '../apply-transaction.ts'
import { boardHierarchy, coded, document, Task, updateTx } from '../fixture.ts'
import { core } from '../identifiers.ts'
import { planFind } from './plan-find.ts'

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
for (const [name, operands] of noOperand) {
  test(`DOC-53: ${name} without an operand is refused in queries, lookups, sorts, $pull and $update`, () => {
    for (const operand of operands) {
      const query = { title: { [name]: operand } }
      assert.throws(() => planFind(hierarchy, Task, query), refused)
      assert.throws(() => planFind(hierarchy, Task, { title: { $exists: true, [name]: operand } }), refused)
      const joined = { '$lookup.assignee.email': { [name]: operand } }
      const lookup = { assignee: core.class.Account }
      assert.throws(() => planFind(hierarchy, Task, joined, { lookup }), refused)
      const cases = [{ query: { [name]: operand }, index: 0 }]
      assert.throws(() => planFind(hierarchy, Task, {}, { sort: { title: { order: 1, cases } } }), refused)
      const doc = document({ tags: ['a'], list: [{ title: 'a' }] })
      const operations = [
        { $pull: { tags: { [name]: operand } } },
        { $pull: { list: query } },
        { $update: { list: { $query: query, $update: { title: 'b' } } } },
      ]
      for (const each of operations) assert.throws(() => applyTransaction(doc, updateTx(each)), invalid)
    }
  })
}

test('DOC-53: $options of null and a $search that is undefined are refused, fields that are undefined are left out', () => {
  for (const $options of [null, undefined])
    assert.throws(() => planFind(hierarchy, Task, { title: { $regex: 'x', $options } }), refused)
  for (const $search of [null, undefined] as never[])
    assert.throws(() => planFind(hierarchy, Task, { $search }), refused)
  assert.deepEqual(planFind(hierarchy, Task, { title: undefined }), planFind(hierarchy, Task))
})

test('DOC-53: null is what $eq, $ne, $in, $nin and $all look for', () => {
  for (const title of [{ $eq: null }, { $ne: null }, { $in: [null] }, { $nin: [null] }, { $all: [null] }])
    assert.doesNotThrow(() => planFind(hierarchy, Task, { title } as never))
})
