import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { change, comment, createTask } from '../support/transactions.ts'

type Found = Record<string, unknown>[] & { total: number }

/** A JSON and a binary client: whatever one finds the other finds too. */
async function finder(context: TestContext, flags: Record<string, string> = {}) {
  const { url, token } = await testServer(context, { storage: 'embedded', ...flags })
  const json = await RawClient.open(url, token('ann'))
  const binary = await RawClient.open(url, token('ann'), { binary: true })
  const find = async (...params: unknown[]): Promise<Found> => {
    const found = (await json.request('findAll', params)) as Found
    const packed = (await binary.request('findAll', params)) as Found
    assert.deepEqual([...packed], [...found])
    assert.equal(packed.total, found.total)
    return found
  }
  return { json, binary, find }
}

const idsOf = (found: Found) => found.map(({ _id }) => String(_id))

test('WIRE-60: findAll takes query, limit, sort, total and projection', async (context) => {
  const { json, find } = await finder(context)
  for (let number = 1; number <= 5; number++) {
    const attributes = { title: `task ${number}`, rank: `${number}`, status: number > 3 ? 'done' : 'todo' }
    await json.request('tx', [createTask(`t${number}`, attributes)])
  }
  const all = await find('board:class:Task', {})
  assert.deepEqual([idsOf(all).sort(), all.total], [['t1', 't2', 't3', 't4', 't5'], -1])
  const page = await find(
    'board:class:Task',
    { status: 'todo' },
    { limit: 2, sort: { rank: -1 }, total: true, projection: { title: 1 } },
  )
  assert.deepEqual(
    [...page],
    [
      { _id: 't3', _class: 'board:class:Task', title: 'task 3' },
      { _id: 't2', _class: 'board:class:Task', title: 'task 2' },
    ],
  )
  assert.equal(page.total, 3)
  const cases = {
    order: 1,
    default: 9,
    cases: [
      { query: 't5', index: 1 },
      { query: 't1', index: 2 },
    ],
  }
  assert.deepEqual(
    idsOf(await find('board:class:Task', { _id: { $in: ['t1', 't3', 't5'] } }, { sort: { _id: cases } })),
    ['t5', 't1', 't3'],
  )
})

test('WIRE-210: an order by cases takes strings and numbers as index and default, in JSON and packed', async (context) => {
  const { json, find } = await finder(context)
  for (const id of ['a', 'b', 'c', 'd']) await json.request('tx', [createTask(id, { title: id })])
  const order = async (direction: 1 | -1, indexes: unknown[], fallback?: unknown) => {
    const cases = indexes.map((index, at) => ({ query: 'abcd'[at], index }))
    const sort = {
      title: { order: direction, cases, ...(fallback === undefined ? {} : { default: fallback }) },
    }
    return idsOf(await find('board:class:Task', { _id: { $in: ['a', 'b', 'c', 'd'] } }, { sort })).join('')
  }
  assert.equal(await order(1, ['2', '10', '1']), 'cbad')
  assert.equal(await order(-1, ['2', '10', '1']), 'abcd')
  assert.equal(await order(1, ['2', 3, '1'], '15'), 'bcda')
  assert.equal(await order(1, ['b', 'a', 'c', ''], ''), 'dbac')
  for (const wrong of [true, null, {}, ['1'], undefined])
    await assert.rejects(order(1, ['1', wrong]), /InvalidQuery/)
  for (const wrong of [true, {}, ['1']]) await assert.rejects(order(1, ['1'], wrong), /InvalidQuery/)
})

test('WIRE-61: findAll joins by lookup, forward, back and into the model', async (context) => {
  const { json, find } = await finder(context)
  await json.request('tx', [createTask('t1', { title: 'x', assignee: 'account:ann' })])
  await json.request('tx', [comment('t1', 'c1')])
  const lookup = { assignee: 'core:class:Account', _id: { remarks: 'board:class:Comment' } }
  const joined = async (...params: unknown[]) => (await find(...params)).map((doc) => doc['$lookup'])
  const [ofTask] = await joined('board:class:Task', { _id: 't1' }, { lookup })
  const { assignee, remarks } = ofTask as { assignee: { email: string }; remarks: { _id: string }[] }
  assert.equal(assignee.email, 'ann')
  assert.deepEqual(
    remarks.map(({ _id }) => _id),
    ['c1'],
  )
  const [ofRemark] = await joined('board:class:Comment', {}, { lookup: { attachedTo: 'board:class:Task' } })
  assert.equal((ofRemark as { attachedTo: { _id: string } }).attachedTo._id, 't1')
})

test('WIRE-62: a mixin finds the documents that carry it, and the log is found as a domain', async (context) => {
  const { json, find } = await finder(context)
  const create = createTask('t1', { title: 'x' })
  await json.request('tx', [create])
  await json.request('tx', [createTask('t2', { title: 'y' })])
  const mixin = { mixin: 'board:mixin:Estimated', attributes: { hours: 3 } }
  await json.request('tx', [change('core:class:TxMixin', 't1', 'board:class:Task', {}, mixin)])
  const estimated = await find('board:mixin:Estimated', { hours: 3 })
  assert.deepEqual(
    estimated.map((doc) => doc['board:mixin:Estimated']),
    [{ hours: 3 }],
  )
  const logged = await find('core:class:TxCreateDoc', { objectClass: 'board:class:Task', objectId: 't1' })
  assert.deepEqual(idsOf(logged), [create._id])
})

test('WIRE-63: an array beyond the limit comes in chunks from index 1, each with the total', async (context) => {
  const { json, binary, find } = await finder(context, { chunkCount: '4' })
  for (let number = 1; number <= 9; number++) {
    await json.request('tx', [createTask(`t${number}`, { title: `task ${number}` })])
  }
  const found = await find('board:class:Task', {}, { sort: { _id: 1 }, total: true })
  assert.deepEqual(
    idsOf(found),
    Array.from({ length: 9 }, (_, at) => `t${at + 1}`),
  )
  assert.equal(found.total, 9)
  for (const client of [json, binary]) {
    const parts = client.frames.filter(({ chunk }) => chunk !== undefined).slice(-3)
    assert.deepEqual(
      parts.map(({ chunk }) => chunk),
      [
        { index: 1, final: false },
        { index: 2, final: false },
        { index: 3, final: true },
      ],
    )
    for (const { result } of parts) {
      const { dataType, total } = result as { dataType: string; total: number }
      assert.deepEqual([dataType, total], ['TotalArray', 9])
    }
  }
})

test('WIRE-64: a long loadModel without a hash comes in chunks without a total', async (context) => {
  const { json } = await finder(context, { chunkCount: '10' })
  const model = (await json.request('loadModel', [0])) as Found
  const parts = json.frames.filter(({ chunk }) => chunk !== undefined)
  assert.ok(parts.length > 1)
  assert.equal(parts.at(-1)?.chunk?.final, true)
  assert.ok(parts.every(({ result }) => Array.isArray(result) && result.length <= 10))
  assert.ok(model.length > 10 && model.total === undefined)
})
