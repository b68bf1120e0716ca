import { describe, expect, test } from '@jest/globals'
import { Packr } from 'msgpackr'
import { type Frame, RawClient } from '../support/raw-client.ts'
import { assertCoded, disturbed } from '../support/bystander.ts'
import { applyIf, change, createTask, updateTask } from '../support/transactions.ts'

const eve = { by: 'account:eve' }
const task = 'board:class:Task'
const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
/** A placeholder for a value that is nested more deeply than any document, and less than a frame may be. */
const DEEP = '@deep'
let lastId = 0

/** Sends its own text, as JSON that the client could not have produced. */
async function askDeep(client: RawClient, method: string, params: unknown[]): Promise<Frame> {
  const id = `deep ${(lastId += 1)}`
  client.send(JSON.stringify({ id, method, params }).replaceAll(`"${DEEP}"`, nested(900)))
  return await client.wait((frame) => frame.id === id)
}

describe('wrong params', () => {
  test('WIRE-110: wrong params of each method are answered with BadRequest', async () => {
    const { client, assertUnnoticed } = await disturbed()
    const wrong: Record<string, unknown[][]> = {
      findAll: [
        [],
        [task],
        [7, {}],
        [task, []],
        [task, null],
        [task, {}, 7],
        ['', {}],
        ['x'.repeat(300), {}],
      ],
      searchFulltext: [
        [],
        [7],
        [{}],
        [{ query: 7 }],
        [{ query: 'x', classes: 'y' }],
        [{ query: 'x' }, { limit: 0 }],
      ],
      loadModel: [['now'], [0, 7], [{}]],
      measure: [[], [7], [''], ['x'.repeat(300)]],
      'measure-done': [[], [{}], ['never started']],
    }
    for (const [method, calls] of Object.entries(wrong)) {
      for (const params of calls) assertCoded(await client.ask(method, params), 'platform:status:BadRequest')
    }
    await assertUnnoticed()
  })

  test('WIRE-111: an unknown class, query or option is refused with its code', async () => {
    const { client, log, assertUnnoticed } = await disturbed()
    for (const name of ['board:class:Nope', 'constructor', '__proto__', 'toString'])
      assertCoded(await client.ask('findAll', [name, {}]), 'core:status:UnknownClass')
    const ask = async (...params: unknown[]) => await askDeep(client, 'findAll', [task, ...params])
    const queries = [
      { $where: 'sleep(1000)' },
      { title: { $nope: 1 } },
      { title: { $in: 7 } },
      { title: { $regex: '(?=a)' } },
      { title: { $regex: '(a{1000}){1000}' } },
      { title: { $regex: '(' } },
      { constructor: 1 },
      { '__proto__.x': 1 },
      { 'a..b': 1 },
      { title: JSON.parse(nested(100)) as object },
      { title: { $in: [DEEP] } },
      { title: DEEP },
      JSON.parse('{"__proto__":{"x":1}}') as object,
    ]
    for (const query of queries) assertCoded(await ask(query), 'core:status:InvalidQuery')
    const options = [
      { limit: -1 },
      { limit: 'all' },
      { sort: 'title' },
      { sort: { title: 2 } },
      { projection: { title: 1, rank: 0 } },
      { projection: { title: DEEP } },
      { lookup: 7 },
      { lookup: { assignee: DEEP } },
      { sort: { title: DEEP } },
    ]
    for (const option of options) assertCoded(await ask({}, option), 'core:status:InvalidQuery')
    assertCoded(
      await ask({}, { lookup: { assignee: 'board:class:Nope' } }),
      'core:status:UnknownClass',
      'core:status:InvalidQuery',
    )
    expect(log.lines.filter(({ level }) => level === 'error')).toStrictEqual([])
    await assertUnnoticed()
  })

  test('WIRE-112: an invalid transaction is refused with its code, and no part of it is committed', async () => {
    const { client, log, assertUnnoticed } = await disturbed()
    const sound = createTask('t1', { title: 'x' }, eve)
    const { _id: _, ...nameless } = sound
    const noTransactions = [
      undefined,
      null,
      7,
      [],
      {},
      nameless,
      { ...sound, _class: 'core:class:TxNope' },
      { ...sound, _class: 'constructor' },
      { ...sound, attributes: 'x' },
      { ...sound, objectId: { $ne: 1 } },
      { ...sound, _id: 'x'.repeat(600) },
      { ...sound, modifiedOn: 'now' },
      { ...sound, attributes: { title: JSON.parse(nested(100)) as object } },
      { ...sound, note: DEEP },
      { ...sound, attributes: JSON.parse('{"title":"x","__proto__":{"admin":true}}') as object },
      { ...sound, attributes: { title: 'x', $inc: { comments: 1 } } },
      updateTask('t0', { $nope: { title: 1 } }, eve),
      updateTask('t0', { '__proto__.title': 1 }, eve),
      applyIf({ txes: [{ ...sound, attributes: 7 }] }, eve),
      applyIf({ txes: [applyIf({ txes: [] }, eve)] }, eve),
      applyIf({ txes: 'all' }, eve),
      change('core:class:TxCollectionCUD', 't0', task, eve, { collection: 'comments', tx: null }),
      { ...sound, objectClass: 'core:class:TxCreateDoc' },
    ]
    await client.request('tx', [createTask('t0', { title: 'x' }, eve)])
    for (const tx of noTransactions)
      assertCoded(await askDeep(client, 'tx', tx === undefined ? [] : [tx]), 'core:status:InvalidTransaction')
    expect((await client.request('findAll', [task, { _id: 't1' }])) as unknown[]).toHaveLength(0)
    expect(log.lines.filter(({ level }) => level === 'error')).toStrictEqual([])
    await assertUnnoticed()
  })

  test('WIRE-113: a transaction of an unknown class, of no document, or signed by another account is refused with its code', async () => {
    const { client, assertUnnoticed } = await disturbed()
    const ask = async (tx: unknown) => await client.ask('tx', [tx])
    const unknown = change('core:class:TxCreateDoc', 't1', 'board:class:Nope', eve, { attributes: {} })
    assertCoded(await ask(unknown), 'core:status:UnknownClass')
    assertCoded(await ask(createTask('t1', {}, eve)), 'core:status:MissingAttribute')
    assertCoded(await ask(createTask('t1', { title: 7 }, eve)), 'core:status:InvalidAttribute')
    assertCoded(await ask(updateTask('t1', { title: 'x' }, eve)), 'core:status:ObjectNotFound')
    assertCoded(
      await ask(createTask('t1', { title: 'x' }, { by: 'account:bob' })),
      'platform:status:Forbidden',
    )
    assertCoded(
      await ask(createTask('t1', { title: 'x' }, { by: 'core:account:System' })),
      'platform:status:Forbidden',
    )
    await client.request('tx', [createTask('t1', { title: 'x' }, eve)])
    assertCoded(await ask(createTask('t1', { title: 'x' }, eve)), 'core:status:ObjectExists')
    await assertUnnoticed()
  })

  test('WIRE-114: a binary transaction with values that JSON cannot represent is refused, and no transaction of another client fails', async () => {
    const { client, url, token, assertUnnoticed } = await disturbed({ storage: 'embedded' })
    const packr = new Packr({ structuredClone: true, bundleStrings: true })
    const other = await RawClient.open(url, token('ann'))
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    for (const [at, value] of [2n ** 60n, new Date(0), new Map([['a', 1]]), /x/, NaN, cyclic].entries()) {
      for (const tx of [
        { ...createTask(`t${at}`, { title: 'x' }, eve), note: value },
        createTask(`t${at}`, { title: 'x', note: value }, eve),
      ]) {
        const id = `${at} ${'note' in tx}`
        client.send(packr.pack({ id, method: 'tx', params: [tx] }))
        const mine = other.request('tx', [createTask(`${id} of ann`, { title: 'x' })])
        assertCoded(await client.wait((frame) => frame.id === id), 'core:status:InvalidTransaction')
        expect(await mine).toStrictEqual({})
      }
    }
    await assertUnnoticed()
  })
})
