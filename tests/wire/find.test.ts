import { describe, expect, test } from '@jest/globals'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { change, comment, createTask } from '../support/transactions.ts'

type Found = Record<string, unknown>[] & { total: number }

/** A JSON and a binary client: both find the same. */
async function finder(flags: Record<string, string> = {}) {
  const { url, token } = await testServer({ storage: 'embedded', ...flags })
  const json = await RawClient.open(url, token('ann'))
  const binary = await RawClient.open(url, token('ann'), { binary: true })
  const find = async (...params: unknown[]): Promise<Found> => {
    const found = (await json.request('findAll', params)) as Found
    const packed = (await binary.request('findAll', params)) as Found
    expect([...packed]).toStrictEqual([...found])
    expect(packed.total).toBe(found.total)
    return found
  }
  return { json, binary, find }
}

const idsOf = (found: Found) => found.map(({ _id }) => String(_id))

describe('findAll', () => {
  test('WIRE-60: findAll takes query, limit, sort, total and projection', async () => {
    const { json, find } = await finder()
    for (let number = 1; number <= 5; number++) {
      const attributes = { title: `task ${number}`, rank: `${number}`, status: number > 3 ? 'done' : 'todo' }
      await json.request('tx', [createTask(`t${number}`, attributes)])
    }
    const all = await find('board:class:Task', {})
    expect([idsOf(all).sort(), all.total]).toStrictEqual([['t1', 't2', 't3', 't4', 't5'], -1])
    const page = await find(
      'board:class:Task',
      { status: 'todo' },
      { limit: 2, sort: { rank: -1 }, total: true, projection: { title: 1 } },
    )
    expect([...page]).toStrictEqual([
      { _id: 't3', _class: 'board:class:Task', title: 'task 3' },
      { _id: 't2', _class: 'board:class:Task', title: 'task 2' },
    ])
    expect(page.total).toBe(3)
    const cases = {
      order: 1,
      default: 9,
      cases: [
        { query: 't5', index: 1 },
        { query: 't1', index: 2 },
      ],
    }
    expect(
      idsOf(await find('board:class:Task', { _id: { $in: ['t1', 't3', 't5'] } }, { sort: { _id: cases } })),
    ).toStrictEqual(['t5', 't1', 't3'])
  })

  test('WIRE-210: a sort by cases accepts strings and numbers as index and default, in JSON and in msgpack', async () => {
    const { json, find } = await finder()
    for (const id of ['a', 'b', 'c', 'd']) await json.request('tx', [createTask(id, { title: id })])
    const order = async (direction: 1 | -1, indexes: unknown[], fallback?: unknown) => {
      const cases = indexes.map((index, at) => ({ query: 'abcd'[at], index }))
      const sort = {
        title: { order: direction, cases, ...(fallback === undefined ? {} : { default: fallback }) },
      }
      return idsOf(await find('board:class:Task', { _id: { $in: ['a', 'b', 'c', 'd'] } }, { sort })).join('')
    }
    expect(await order(1, ['2', '10', '1'])).toBe('cbad')
    expect(await order(-1, ['2', '10', '1'])).toBe('abcd')
    expect(await order(1, ['2', 3, '1'], '15')).toBe('bcda')
    expect(await order(1, ['b', 'a', 'c', ''], '')).toBe('dbac')
    for (const wrong of [true, null, {}, ['1'], undefined])
      await expect(order(1, ['1', wrong])).rejects.toThrow(/InvalidQuery/)
    for (const wrong of [true, {}, ['1']])
      await expect(order(1, ['1'], wrong)).rejects.toThrow(/InvalidQuery/)
  })

  test('WIRE-61: findAll joins by lookup, forward, back and into the model', async () => {
    const { json, find } = await finder()
    await json.request('tx', [createTask('t1', { title: 'x', assignee: 'account:ann' })])
    await json.request('tx', [comment('t1', 'c1')])
    const lookup = { assignee: 'core:class:Account', _id: { remarks: 'board:class:Comment' } }
    const joined = async (...params: unknown[]) => (await find(...params)).map((doc) => doc['$lookup'])
    const [ofTask] = await joined('board:class:Task', { _id: 't1' }, { lookup })
    const { assignee, remarks } = ofTask as { assignee: { email: string }; remarks: { _id: string }[] }
    expect(assignee.email).toBe('ann')
    expect(remarks.map(({ _id }) => _id)).toStrictEqual(['c1'])
    const [ofRemark] = await joined('board:class:Comment', {}, { lookup: { attachedTo: 'board:class:Task' } })
    expect((ofRemark as { attachedTo: { _id: string } }).attachedTo._id).toBe('t1')
  })

  test('WIRE-62: findAll of a mixin finds the documents that carry it, and the log can be queried as a domain', async () => {
    const { json, find } = await finder()
    const create = createTask('t1', { title: 'x' })
    await json.request('tx', [create])
    await json.request('tx', [createTask('t2', { title: 'y' })])
    const mixin = { mixin: 'board:mixin:Estimated', attributes: { hours: 3 } }
    await json.request('tx', [change('core:class:TxMixin', 't1', 'board:class:Task', {}, mixin)])
    const estimated = await find('board:mixin:Estimated', { hours: 3 })
    expect(estimated.map((doc) => doc['board:mixin:Estimated'])).toStrictEqual([{ hours: 3 }])
    const logged = await find('core:class:TxCreateDoc', { objectClass: 'board:class:Task', objectId: 't1' })
    expect(idsOf(logged)).toStrictEqual([create._id])
  })

  test('WIRE-63: an array beyond the limit is sent in chunks from index 1, each with the total', async () => {
    const { json, binary, find } = await finder({ chunkCount: '4' })
    for (let number = 1; number <= 9; number++) {
      await json.request('tx', [createTask(`t${number}`, { title: `task ${number}` })])
    }
    const found = await find('board:class:Task', {}, { sort: { _id: 1 }, total: true })
    expect(idsOf(found)).toStrictEqual(Array.from({ length: 9 }, (_, at) => `t${at + 1}`))
    expect(found.total).toBe(9)
    for (const client of [json, binary]) {
      const parts = client.frames.filter(({ chunk }) => chunk !== undefined).slice(-3)
      expect(parts.map(({ chunk }) => chunk)).toStrictEqual([
        { index: 1, final: false },
        { index: 2, final: false },
        { index: 3, final: true },
      ])
      for (const { result } of parts) {
        const { dataType, total } = result as { dataType: string; total: number }
        expect([dataType, total]).toStrictEqual(['TotalArray', 9])
      }
    }
  })

  test('WIRE-64: a long loadModel without a hash is sent in chunks without a total', async () => {
    const { json } = await finder({ chunkCount: '10' })
    const model = (await json.request('loadModel', [0])) as Found
    const parts = json.frames.filter(({ chunk }) => chunk !== undefined)
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.at(-1)?.chunk?.final).toBe(true)
    expect(parts.every(({ result }) => Array.isArray(result) && result.length <= 10)).toBe(true)
    expect(model.length > 10 && model.total === undefined).toBe(true)
  })
})
