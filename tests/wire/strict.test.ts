import { describe, expect, test } from '@jest/globals'
import { assertCoded } from '../support/bystander.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { applyIf, change, comment, createTask, updateTask } from '../support/transactions.ts'
import { expectFor } from '../support/expecting.ts'

const system = { by: 'core:account:System' }

function createSpace(id: string, fields: object = {}, by = 'account:ann') {
  const attributes = { name: id, members: [by], ...fields }
  return change(
    'core:class:TxCreateDoc',
    id,
    'core:class:Space',
    { by, space: 'core:space:Space' },
    { attributes },
  )
}

function looseComment(id: string, attributes: object, options: { by?: string; space?: string } = {}) {
  return change('core:class:TxCreateDoc', id, 'board:class:Comment', options, {
    attributes: { message: 'x', ...attributes },
  })
}

describe('strict classes over the protocol', () => {
  test('WIRE-225: a strict class refuses undeclared fields, and the classes of the protocol accept them', async () => {
    const { url, token } = await testServer()
    const ann = await RawClient.open(url, token('ann'))
    const mixin = (attributes: object) =>
      change(
        'core:class:TxMixin',
        't1',
        'board:class:Task',
        {},
        { mixin: 'board:mixin:Estimated', attributes },
      )
    assertCoded(
      await ann.ask('tx', [createTask('t1', { title: 'x', titel: 'y' })]),
      'core:status:InvalidAttribute',
    )
    await ann.request('tx', [createTask('t1', { title: 'x' })])
    for (const tx of [
      updateTask('t1', { titel: 'y' }),
      updateTask('t1', { $push: { label: 'y' } }),
      mixin({ hour: 1 }),
      applyIf({ txes: [updateTask('t1', { titel: 'y' })] }),
    ])
      assertCoded(await ann.ask('tx', [tx]), 'core:status:InvalidAttribute')
    await ann.request('tx', [mixin({ hours: 1 })])
    await ann.request('tx', [createSpace('own', { colour: 'red' })])
    const [space] = (await ann.request('findAll', ['core:class:Space', { _id: 'own' }])) as {
      colour: string
    }[]
    expect(space?.colour).toBe('red')
  })

  test('WIRE-226: a strict class refuses a space or a parent that does not exist, also from the system', async () => {
    const { url, token } = await testServer()
    const ann = await RawClient.open(url, token('ann'))
    const tool = await RawClient.open(url, token('system'))
    const nowhere = { space: 'nowhere' }
    for (const [client, by] of [
      [ann, { by: 'account:ann' }],
      [tool, system],
    ] as const) {
      const id = `t of ${by.by}`
      const ask = async (tx: object) => await client.ask('tx', [tx])
      assertCoded(
        await ask(createTask(id, { title: 'x' }, { ...by, ...nowhere })),
        'core:status:ObjectNotFound',
      )
      await client.request('tx', [createTask(id, { title: 'x' }, by)])
      for (const space of ['nowhere', 't1', ''])
        expectFor(space, (await ask(updateTask(id, { space }, by))).error?.code).toBeTruthy()
      assertCoded(await ask(updateTask(id, { space: 'nowhere' }, by)), 'core:status:ObjectNotFound')
      assertCoded(await ask(comment('nobody', 'c1', by)), 'core:status:ObjectNotFound')
      assertCoded(await ask(looseComment('c1', {}, by)), 'core:status:MissingAttribute')
      const half = { attachedTo: id, collection: 'comments' }
      assertCoded(await ask(looseComment('c1', half, by)), 'core:status:MissingAttribute')
      const gone = { ...half, attachedTo: 'nobody', attachedToClass: 'board:class:Task' }
      assertCoded(await ask(looseComment('c1', gone, by)), 'core:status:ObjectNotFound')
      const commentId = `c of ${by.by}`
      await client.request('tx', [comment(id, commentId, by)])
      const detach = change('core:class:TxUpdateDoc', commentId, 'board:class:Comment', by, {
        operations: { attachedTo: null },
      })
      assertCoded(await ask(detach), 'core:status:MissingAttribute')
    }
  })

  test('WIRE-226: a space that is created in the same apply-if exists, and one that is removed in it does not', async () => {
    const { url, token } = await testServer()
    const ann = await RawClient.open(url, token('ann'))
    const into = (id: string, space: string) => createTask(id, { title: 'x' }, { space })
    const made = applyIf({ txes: [createSpace('new'), into('t1', 'new')] })
    expect(((await ann.request('tx', [made])) as { success: boolean }).success).toStrictEqual(true)
    const at = { space: 'core:space:Space' }
    const remove = change('core:class:TxRemoveDoc', 'new', 'core:class:Space', at, { cascade: true })
    const removed = applyIf({ txes: [remove, into('t2', 'new')] })
    assertCoded(await ann.ask('tx', [removed]), 'core:status:ObjectNotFound')
    await ann.request('tx', [into('t2', 'new')])
  })

  test('WIRE-227: with ATRIUM_STRICT=0 modules accept undeclared fields, and stored documents can be opened with 1 again', async () => {
    const first = await testServer({ storage: 'embedded', strict: '0' })
    const old = await RawClient.open(first.url, first.token('ann'))
    await old.request('tx', [createTask('t1', { title: 'x', own: { of: 'old' } })])
    await old.request('tx', [looseComment('c1', { own: 1 })])
    await old.request('tx', [updateTask('t1', { more: 1 })])
    await first.server.stop()
    const second = await testServer({ storage: 'embedded', data: first.data })
    const ann = await RawClient.open(second.url, second.token('ann'))
    assertCoded(await ann.ask('tx', [updateTask('t1', { more: 2 })]), 'core:status:InvalidAttribute')
    await ann.request('tx', [updateTask('t1', { title: 'y', $unset: { more: true } })])
    const message = change(
      'core:class:TxUpdateDoc',
      'c1',
      'board:class:Comment',
      {},
      { operations: { message: 'z' } },
    )
    await ann.request('tx', [message])
    const [task] = (await ann.request('findAll', ['board:class:Task', {}])) as { [field: string]: unknown }[]
    expect([task?.['title'], task?.['own'], task?.['more']]).toStrictEqual(['y', { of: 'old' }, undefined])
  })

  test('WIRE-246: a mixin is an object of declared values, whoever writes it and however', async () => {
    const { url, token } = await testServer()
    const estimated = 'board:mixin:Estimated'
    for (const [email, by] of [
      ['ann', 'account:ann'],
      ['system', 'core:account:System'],
    ] as const) {
      const client = await RawClient.open(url, token(email))
      const id = `t of ${email}`
      const ask = async (tx: object) => await client.ask('tx', [tx])
      const mixin = (attributes: object) =>
        change('core:class:TxMixin', id, 'board:class:Task', { by }, { mixin: estimated, attributes })
      await client.request('tx', [createTask(id, { title: 'x' }, { by })])
      for (const value of [5, null, [{ hours: 1 }], { hours: 'many' }, { title: 'x' }]) {
        const created = createTask('t2', { title: 'x', [estimated]: value }, { by })
        assertCoded(await ask(created), 'core:status:InvalidAttribute')
        assertCoded(await ask(updateTask(id, { [estimated]: value }, { by })), 'core:status:InvalidAttribute')
      }
      for (const tx of [
        updateTask(id, { [`${estimated}.hours`]: 'many' }, { by }),
        updateTask(id, { [`${estimated}.hours.deep`]: 1 }, { by }),
        updateTask(id, { $inc: { [estimated]: 1 } }, { by }),
        updateTask(id, { $push: { [estimated]: { hours: 1 } } }, { by }),
        mixin({ title: 5, status: 'nonsense' }),
      ])
        assertCoded(await ask(tx), 'core:status:InvalidAttribute')
      await client.request('tx', [mixin({ hours: 1 })])
      const [task] = (await client.request('findAll', [estimated, { _id: id }])) as Record<string, unknown>[]
      expect(task?.[estimated]).toStrictEqual({ hours: 1 })
      await client.request('tx', [updateTask(id, { $unset: { [estimated]: '' } }, { by })])
      const left = (await client.request('findAll', [estimated, { _id: id }])) as unknown[]
      expect(left).toHaveLength(0)
    }
  })

  test('WIRE-247: an attached document does not move away from its parent, and follows it in one apply-if', async () => {
    const { url, token } = await testServer()
    const ann = await RawClient.open(url, token('ann'))
    const [from, to] = [{ space: 'from' }, { space: 'to' }]
    for (const space of ['from', 'to']) await ann.request('tx', [createSpace(space)])
    await ann.request('tx', [createTask('t1', { title: 'x' }, from)])
    for (const id of ['c1', 'c2']) await ann.request('tx', [comment('t1', id, from)])
    const move = (id: string, space: string) =>
      change('core:class:TxUpdateDoc', id, 'board:class:Comment', from, { operations: { space } })
    const within = change('core:class:TxCollectionCUD', 't1', 'board:class:Task', from, {
      collection: 'comments',
      tx: move('c1', 'to'),
    })
    const alone = applyIf({ txes: [move('c1', 'to')] })
    for (const tx of [move('c1', 'to'), within, alone]) {
      const answer = await ann.ask('tx', [tx])
      assertCoded(answer, 'core:status:ObjectSpaceMismatch')
      expect(answer.error?.params['expected']).toBe('from')
    }
    await ann.request('tx', [applyIf({ txes: [updateTask('t1', to, from), move('c1', 'to')] })])
    await ann.request('tx', [move('c2', 'to')])
    const comments = (await ann.request('findAll', ['board:class:Comment', {}])) as { space: string }[]
    expect(comments.map(({ space }) => space)).toStrictEqual(['to', 'to'])
    const [task] = (await ann.request('findAll', ['board:class:Task', {}])) as { comments: number }[]
    expect(task?.comments).toBe(2)
  })
})
