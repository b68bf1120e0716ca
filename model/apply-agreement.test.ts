import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { update } from 'mingo/updater'
import { applyTransaction } from './apply-transaction.ts'
import type { Doc } from './documents.ts'
import { document, fieldsOf, updateTx } from './fixture.ts'
import type { UpdateOperations } from './transactions.ts'
import { propertyParameters } from '../tests/support/property-parameters.ts'

const scalar = fc.constantFrom<unknown>(0, 1, 2, 'x', 'y', true, null)
const person = fc.record({ id: fc.nat(2), name: fc.constantFrom('x', 'y') }, { noNullPrototype: true })
const item = fc.oneof(scalar, person)
const list = fc.constantFrom('list', 'inner.list')
const count = fc.constantFrom('count', 'inner.count', 'fresh.count')
const field = fc.constantFrom(
  'name',
  'inner.name',
  'inner.deep.name',
  'fresh.deep.name',
  'rows.0.name',
  'rows.1',
)

const set = fc
  .tuple(field, item)
  .map(([key, value]) => operations({ [key]: value }, { $set: { [key]: value } }))
const inc = fc
  .tuple(count, fc.integer({ min: -5, max: 5 }))
  .map(([key, step]) => operations({ $inc: { [key]: step } }))
const unset = fc.oneof(field, list, count).map((key) => operations({ $unset: { [key]: '' } }))
const push = fc.tuple(list, item).map(([key, value]) => operations({ $push: { [key]: value } }))
const pushEach = fc
  .tuple(
    list,
    fc.array(item, { maxLength: 3 }),
    fc.option(fc.integer({ min: -3, max: 3 }), { nil: undefined }),
  )
  .map(([key, $each, $position]) => {
    const operand = $position === undefined ? { $each } : { $each, $position }
    return operations({ $push: { [key]: operand } })
  })
const pull = fc.tuple(list, scalar).map(([key, value]) => operations({ $pull: { [key]: value } }))
const pullIn = fc
  .tuple(list, fc.array(scalar, { minLength: 1, maxLength: 3 }))
  .map(([key, $in]) => operations({ $pull: { [key]: { $in } } }))
const pushPerson = person.map((value) => operations({ $push: { people: value } }))
/** Only where all items are objects: mingo removes a 0, which a query by fields cannot match. */
const pullQuery = fc
  .oneof(fc.record({ id: fc.nat(2) }), fc.record({ name: fc.constantFrom('x', 'y'), id: fc.nat(2) }))
  .map((query) => operations({ $pull: { people: query } }))

const start = () =>
  document({
    name: 'n',
    count: 1,
    list: [1, 'x', { id: 1, name: 'y' }],
    inner: { name: 'm', count: 2, list: [0, 1, 2] },
    people: [{ id: 0, name: 'x' }],
    rows: [{ name: 'r' }, { name: 's' }],
  })

test('DOC-19: sequences of updates give the same results as mingo', () => {
  const sequence = fc.array(fc.oneof(set, inc, unset, push, pushEach, pull, pullIn, pushPerson, pullQuery), {
    maxLength: 8,
  })
  fc.assert(
    fc.property(sequence, (changes) => {
      let ours: Doc | undefined = start()
      const theirs = structuredClone(ours)
      for (const { tx, expression } of changes) {
        ours = applyTransaction(ours, updateTx(tx))
        update(theirs as never, expression as never)
      }
      expect(fieldsOf(ours)).toStrictEqual(fieldsOf(theirs))
    }),
    propertyParameters({ numRuns: 5000 }),
  )
})

function operations(
  tx: UpdateOperations,
  expression: unknown = tx,
): { tx: UpdateOperations; expression: unknown } {
  return { tx, expression }
}
