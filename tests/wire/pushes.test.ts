import { describe, expect, test } from '@jest/globals'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { applyIf, change, comment, createTask, removeTask, updateTask } from '../support/transactions.ts'
import { expectFor } from '../support/expecting.ts'

const bob = { by: 'account:bob' }

async function annAndBob(hello: object = {}) {
  const { url, token } = await testServer()
  const annsClient = await RawClient.open(url, token('ann'), hello)
  const bobsClient = await RawClient.open(url, token('bob'))
  // Bob’s account is new to ann.
  await annsClient.waitForPush(({ objectId }) => objectId === 'account:bob')
  return { ann: annsClient, bob: bobsClient, url, token }
}

/** Excludes accounts and their status, which entering clients change. */
function isOfTasks({ objectSpace, objectClass }: Record<string, unknown>): boolean {
  return objectSpace !== 'core:space:Model' && objectClass !== 'core:class:UserStatus'
}

/** All pushes up to now: the server answers after earlier pushes. */
async function pushedTo(client: RawClient) {
  await client.request('ping')
  return client.pushes.filter(isOfTasks)
}

const idsOf = (pushes: Record<string, unknown>[]) => pushes.map(({ objectId }) => String(objectId))

describe('pushes', () => {
  test('WIRE-70: a transaction is pushed to the other sessions, and to its sender after the response', async () => {
    const { ann, bob: other } = await annAndBob()
    const tx = createTask('t1', { title: 'x' })
    expect(await ann.request('tx', [tx])).toStrictEqual({})
    const { modifiedOn, ...pushed } = await other.waitForPush(({ objectId }) => objectId === 't1')
    const { modifiedOn: _, ...sent } = tx
    expect(pushed).toStrictEqual({ ...sent, attributes: { title: 'x', status: 'backlog', priority: 'none' } })
    expect(typeof modifiedOn).toBe('number')
    await ann.waitForPush(({ objectId }) => objectId === 't1')
    const answerAt = ann.frames.findIndex(({ id }) => id !== undefined && id !== -1)
    const pushAt = ann.frames.findIndex(({ result }) => (result as { _id?: string } | null)?._id === tx._id)
    expectFor(`answer at ${answerAt}, push at ${pushAt}`, answerAt).toBeGreaterThanOrEqual(0)
    expect(pushAt).toBeGreaterThan(answerAt)
    expect(await pushedTo(ann)).toHaveLength(1)
  })

  test('WIRE-71: one transaction is pushed as an object, and several of one commit as an array in order', async () => {
    const { ann, bob: other } = await annAndBob()
    await ann.request('tx', [createTask('t1', { title: 'x' })])
    await ann.request('tx', [comment('t1', 'c1')])
    await pushedTo(other)
    const pushes = other.frames
      .filter(({ id, result }) => id === undefined && isOfTasks([result].flat()[0] as never))
      .map(({ result }) => result)
    const [single, several] = pushes as [{ objectId: string }, Record<string, unknown>[]]
    expect(single.objectId).toBe('t1')
    expect(several.map(({ _class, space, objectId }) => [_class, space, objectId])).toStrictEqual([
      ['core:class:TxCollectionCUD', 'core:space:Tx', 't1'],
      ['core:class:TxUpdateDoc', 'core:space:DerivedTx', 't1'],
    ])
    expect(several[1]?.['operations']).toStrictEqual({ $inc: { comments: 1 } })
  })

  test('WIRE-72: the removals of a cascade are pushed with their cause, the outermost document first', async () => {
    const { ann, bob: other } = await annAndBob()
    await ann.request('tx', [createTask('t1', { title: 'x' })])
    await ann.request('tx', [comment('t1', 'c1')])
    await ann.request('tx', [comment('t1', 'c2')])
    await ann.request('tx', [removeTask('t1')])
    const pushes = await pushedTo(other)
    expect(idsOf(pushes).slice(-3, -2)).toStrictEqual(['t1'])
    expect(idsOf(pushes).slice(-2).sort()).toStrictEqual(['c1', 'c2'])
    expect(await other.request('findAll', ['board:class:Comment', {}])).toStrictEqual(
      Object.assign([], { total: -1 }),
    )
  })

  test('WIRE-73: with `broadcast: false` nothing is pushed, and responses are sent as usual', async () => {
    const { url, token } = await testServer()
    const silent = await RawClient.open(url, token('ann'), { broadcast: false })
    const other = await RawClient.open(url, token('bob'))
    await other.request('tx', [createTask('t1', { title: 'x' }, bob)])
    await silent.request('tx', [createTask('t2', { title: 'y' })])
    await other.waitForPush(({ objectId }) => objectId === 't2')
    expect(await pushedTo(silent)).toStrictEqual([])
    expect((await silent.request('findAll', ['board:class:Task', {}])) as unknown[]).toHaveLength(2)
  })

  test('WIRE-74: an update with `retrieve` returns the changed document, and any other update `{}`', async () => {
    const { ann } = await annAndBob()
    await ann.request('tx', [createTask('t1', { title: 'x' })])
    expect(await ann.request('tx', [updateTask('t1', { title: 'y' })])).toStrictEqual({})
    const update = { ...updateTask('t1', { title: 'z', $push: { labels: 'new' } }), retrieve: true }
    const { object } = (await ann.request('tx', [update])) as { object: Record<string, unknown> }
    expect([object['_id'], object['title'], object['labels']]).toStrictEqual(['t1', 'z', ['new']])
  })

  test('WIRE-75: an apply-if returns its success and the derived transactions, and its transactions are pushed', async () => {
    const { ann, bob: other } = await annAndBob()
    await ann.request('tx', [createTask('t1', { title: 'x' })])
    const query = { _class: 'board:class:Task', query: { _id: 't2' } }
    const txes = [createTask('t2', { title: 'y' }), comment('t1', 'c1')]
    const once = (_id: string) => applyIf({ scope: 's', notMatch: [query], txes }, { _id })
    const { success, derived } = (await ann.request('tx', [once('apply1')])) as {
      success: boolean
      derived: Record<string, unknown>[]
    }
    expect(success).toBe(true)
    expect(derived.map(({ operations }) => operations)).toStrictEqual([{ $inc: { comments: 1 } }])
    const refused = applyIf({ scope: 's', notMatch: [query], txes: [updateTask('t1', { title: 'no' })] })
    expect(await ann.request('tx', [refused])).toStrictEqual({ success: false, derived: [] })
    const pushes = await pushedTo(other)
    expect(pushes.map(({ _id }) => _id)).toStrictEqual([
      pushes[0]?.['_id'],
      ...txes.map(({ _id }) => _id),
      derived[0]?.['_id'],
    ])
    expect(pushes.at(-1)).toStrictEqual(derived[0])
  })

  test('WIRE-76: an apply-if with `notify: false` is not pushed to clients of protocol 1, and `extraNotify` pushes a BulkUpdate', async () => {
    const { ann, bob: other } = await annAndBob()
    const silent = { notify: false, extraNotify: ['board:class:Task'] }
    await ann.request('tx', [applyIf({ ...silent, txes: [createTask('t1', { title: 'x' })] })])
    const [event, ...others] = await pushedTo(other)
    expect(others).toStrictEqual([])
    expect([event?.['_class'], event?.['event'], event?.['params']]).toStrictEqual([
      'core:class:TxWorkspaceEvent',
      5,
      { _class: ['board:class:Task'] },
    ])
    expect((await other.request('findAll', ['board:class:Task', {}])) as unknown[]).toHaveLength(1)
  })

  test('WIRE-77: two clients, one of them binary, receive the same changes in the same order', async () => {
    const { ann, bob: other } = await annAndBob({ binary: true })
    await ann.request('tx', [createTask('t', { title: 'x', labels: [] })])
    const changes = Array.from({ length: 20 }, (_, number) => {
      const client = number % 2 === 0 ? ann : other
      const by = number % 2 === 0 ? {} : bob
      return client.request('tx', [updateTask('t', { $push: { labels: `${number}` } }, by)])
    })
    await Promise.all(changes)
    const [mine, theirs] = [await pushedTo(ann), await pushedTo(other)]
    expect(mine).toHaveLength(21)
    expect(mine).toStrictEqual(theirs)
    const pushed = mine
      .slice(1)
      .map(({ operations }) => (operations as { $push: { labels: string } }).$push.labels)
    const [task] = (await other.request('findAll', ['board:class:Task', {}])) as { labels: string[] }[]
    expect(task?.labels).toStrictEqual(pushed)
  })

  test('WIRE-78: nothing of one workspace is pushed to another, and each has its own documents', async () => {
    const { ann, url, token } = await annAndBob()
    const elsewhere = await RawClient.open(url, token('ann', 'w2'))
    await ann.request('tx', [createTask('t1', { title: 'x' })])
    expect(await pushedTo(elsewhere)).toStrictEqual([])
    expect((await elsewhere.request('findAll', ['board:class:Task', {}])) as unknown[]).toHaveLength(0)
  })

  test('WIRE-79: a transient document is pushed to everyone and found by everyone', async () => {
    const { ann, bob: other } = await annAndBob()
    const attributes = { online: true, user: 'account:ann' }
    const space = { space: 'core:space:Space' }
    await ann.request('tx', [
      change('core:class:TxCreateDoc', 'status:x', 'core:class:UserStatus', space, { attributes }),
    ])
    expect((await other.waitForPush(({ objectId }) => objectId === 'status:x'))['attributes']).toStrictEqual(
      attributes,
    )
    const found = (await other.request('findAll', [
      'core:class:UserStatus',
      { _id: 'status:x' },
    ])) as unknown[]
    expect(found).toHaveLength(1)
  })
})
