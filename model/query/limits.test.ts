import { expect, test } from '@jest/globals'
import { applyTransaction } from '../apply-transaction.ts'
import { checkUpdates, MAX_UPDATE_STEPS } from '../check-updates.ts'
import { boardHierarchy, coded, document, fieldsOf, mixinTx, Task, updateTx } from '../fixture.ts'
import { invalidTransaction } from '../invalid-transaction.ts'
import { expectFor, satisfying } from '../../tests/support/expecting.ts'
import { MAX_QUERY_TESTS } from './parse-condition.ts'
import { planFind } from './plan-find.ts'
import { MAX_SORT_CASES, MAX_SORT_KEYS } from './plan-sort.ts'
import { MAX_SEARCH_TERMS } from './search-terms.ts'
import { sortDocuments } from './sort.ts'
import { MAX_REQUEST_STEPS, WorkMeter } from './work-meter.ts'

const hierarchy = boardHierarchy()
const invalid = (limit: number) => satisfying(coded('core:status:InvalidQuery', { limit }))
const refused = (limit: number) => satisfying(coded('core:status:InvalidTransaction', { limit }))

test('LIM-10: a sort reads each document once for each key', () => {
  let reads = 0
  const docs = Array.from({ length: 1000 }, (_, at) =>
    Object.defineProperty(document({ _id: `d${at}` }), 'title', {
      enumerable: true,
      get: () => {
        reads += 1
        return `${(at * 7919) % 1000}`
      },
    }),
  )
  const cases = Array.from({ length: 3 }, (_, index) => ({ query: `${index}`, index }))
  const sort = { title: { order: 1 as const, cases } }
  for (const plan of [
    planFind(hierarchy, Task, {}, { sort: { title: 1 } }),
    planFind(hierarchy, Task, {}, { sort }),
  ]) {
    reads = 0
    sortDocuments([...docs], plan.sort)
    expect(reads).toBeLessThanOrEqual(3 * docs.length)
  }
})

test('LIM-10: too many sort keys and sort cases are refused', () => {
  const cases = (length: number) => Array.from({ length }, (_, index) => ({ query: index, index }))
  const sorted = (sort: object) => () => planFind(hierarchy, Task, {}, { sort } as never)
  expect(sorted({ title: { order: 1, cases: cases(MAX_SORT_CASES + 1) } })).toThrow(invalid(MAX_SORT_CASES))
  const halves = { order: 1, cases: cases(MAX_SORT_CASES / 2 + 1) }
  expect(sorted({ title: halves, votes: halves })).toThrow(invalid(MAX_SORT_CASES))
  expect(sorted({ title: { order: 1, cases: cases(MAX_SORT_CASES) } })).not.toThrow()
  const keys = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`key${at}`, 1]))
  expect(sorted(keys(MAX_SORT_KEYS + 1))).toThrow(invalid(MAX_SORT_KEYS))
  expect(sorted(keys(MAX_SORT_KEYS))).not.toThrow()
})

test('LIM-14: a query of too many tests with each document is refused', () => {
  const many = Array.from({ length: MAX_QUERY_TESTS + 1 }, (_, at) => at)
  const planned = (query: object) => () => planFind(hierarchy, Task, query as never)
  const objects = many.map((a) => ({ a }))
  const conditions = Object.fromEntries(many.map((at) => [`field${at}`, { $ne: 1 }]))
  for (const query of [
    { tags: { $all: many } },
    { tags: { $in: objects } },
    { tags: { $nin: objects } },
    conditions,
  ])
    expectFor(Object.keys(query), planned(query)).toThrow(invalid(MAX_QUERY_TESTS))
  expect(planned({ tags: { $in: many }, title: { $nin: many } })).not.toThrow()
  const doc = document({ list: many })
  const pull = { $pull: { list: { $all: Array.from({ length: 5001 }, (_, at) => at) } } }
  expect(() => applyTransaction(doc, updateTx(pull), metered())).toThrow(refused(MAX_QUERY_TESTS))
})

test('LIM-11: a search of too many words is refused', () => {
  const words = (count: number) => Array.from({ length: count }, (_, at) => at.toString(36)).join(' ')
  const search = ($search: string) => () => planFind(hierarchy, Task, { $search })
  expect(search(words(MAX_SEARCH_TERMS + 1))).toThrow(invalid(MAX_SEARCH_TERMS))
  expect(search(words(MAX_SEARCH_TERMS))).not.toThrow()
  expect(search(`"${words(MAX_SEARCH_TERMS + 1)}"`)).not.toThrow()
})

test('LIM-12: an update of too many paths and operands is refused', () => {
  const fields = (count: number, name: string, value: unknown) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`${name}${at}`, value]))
  const many = MAX_UPDATE_STEPS + 1
  const updates = [
    fields(many, 'list.', 1),
    { $push: fields(many, 'a', 1) },
    { $pull: fields(many, 'a', 1), $inc: { votes: 1 } },
    { $pushMixin: { $mixin: 'm', values: fields(many, 'a', 1) } },
  ]
  for (const each of updates)
    expectFor(JSON.stringify(each).slice(0, 80), () => checkUpdates(updateTx(each))).toThrow(
      refused(MAX_UPDATE_STEPS),
    )
  expect(() => checkUpdates(mixinTx(fields(many, 'a.', 1)))).toThrow(refused(MAX_UPDATE_STEPS))
  expect(() => checkUpdates(updateTx(fields(5000, 'plain', 1)))).not.toThrow()
  expect(() => checkUpdates(updateTx({ $push: fields(MAX_UPDATE_STEPS, 'a', 1) }))).not.toThrow()
})

const metered = () => new WorkMeter(MAX_REQUEST_STEPS, invalidTransaction)

test('LIM-13: an update of many tests over a long array is refused, in one operation and in all together', () => {
  const items = Array.from({ length: 100_000 }, (_, a) => ({ a }))
  const doc = document({ list: items })
  const conditions = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`f${at}`, { $ne: 1 }]))
  const few = MAX_REQUEST_STEPS / items.length
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`list${at}`, { a: -1 }]))
  const lists = Object.fromEntries(Object.keys(many).map((key) => [key, items]))
  for (const [before, operations] of [
    [doc, { $pull: { list: conditions(few) } }],
    [doc, { $update: { list: { $query: conditions(few - 1), $update: { x: 1 } } } }],
    [doc, { $move: { list: { $value: conditions(60), $position: 0 } } }],
    [document(lists), { $pull: many }],
  ] as const)
    expectFor(JSON.stringify(operations).slice(0, 80), () =>
      applyTransaction(before, updateTx(operations), metered()),
    ).toThrow(refused(MAX_REQUEST_STEPS))
  const pull = updateTx({ $pull: { list: conditions(few - 5) } })
  expect(fieldsOf(applyTransaction(doc, pull, metered()))).toStrictEqual({ list: [] })
})

test('LIM-13: copies of long arrays and large objects are counted', () => {
  const list = Array.from({ length: 2_000_000 }, (_, at) => at)
  const fields = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`f${at}`, at]))
  const doc = document({ list, fields })
  const paths = (name: string, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`${name}.${at}`, -1]))
  const push = { list: { $each: [1], $position: 0 } }
  for (const operations of [paths('list', 100), paths('fields', 100), { $unset: paths('list', 100) }])
    expectFor(JSON.stringify(operations).slice(0, 80), () =>
      applyTransaction(doc, updateTx(operations), metered()),
    ).toThrow(refused(MAX_REQUEST_STEPS))
  const meter = metered()
  const pushes = () => {
    for (let each = 0; each < 100; each++) applyTransaction(doc, updateTx({ $push: push }), meter)
  }
  expect(pushes).toThrow(refused(MAX_REQUEST_STEPS))
  expect(() => applyTransaction(doc, updateTx(paths('list', 10)), metered())).not.toThrow()
})

test('LIM-13: 200,000 items are inserted at a position', () => {
  const $each = Array.from({ length: 200_000 }, (_, at) => at)
  const push = updateTx({ $push: { list: { $each, $position: 1 } } })
  const pushed = applyTransaction(document({ list: [-1, -2] }), push, metered())
  expect(fieldsOf(pushed)['list']).toHaveLength(200_002)
})
