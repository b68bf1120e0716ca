import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { applyIf, change, comment, createTask, removeTask, updateTask } from '../support/transactions.ts'

const bob = { by: 'account:bob' }

async function annAndBob(context: TestContext, hello: object = {}) {
  const { url, token } = await testServer(context)
  const annsClient = await RawClient.open(url, token('ann'), hello)
  const bobsClient = await RawClient.open(url, token('bob'))
  // Bob's account is new to ann.
  await annsClient.waitForPush(({ objectId }) => objectId === 'account:bob')
  return { ann: annsClient, bob: bobsClient, url, token }
}

/** Not an account or its status: those of who comes in. */
function isOfTasks({ objectSpace, objectClass }: Record<string, unknown>): boolean {
  return objectSpace !== 'core:space:Model' && objectClass !== 'core:class:UserStatus'
}

/** All pushes up to now: the server answers after what it pushed before. */
async function pushedTo(client: RawClient) {
  await client.request('ping')
  return client.pushes.filter(isOfTasks)
}

const idsOf = (pushes: Record<string, unknown>[]) => pushes.map(({ objectId }) => String(objectId))

test('WIRE-70: a transaction is pushed to the others, and to its sender after the answer', async (context) => {
  const { ann, bob: other } = await annAndBob(context)
  const tx = createTask('t1', { title: 'x' })
  assert.deepEqual(await ann.request('tx', [tx]), {})
  const { modifiedOn, ...pushed } = await other.waitForPush(({ objectId }) => objectId === 't1')
  const { modifiedOn: _, ...sent } = tx
  assert.deepEqual(pushed, { ...sent, attributes: { title: 'x', status: 'backlog', priority: 'none' } })
  assert.equal(typeof modifiedOn, 'number')
  await ann.waitForPush(({ objectId }) => objectId === 't1')
  const answerAt = ann.frames.findIndex(({ id }) => id !== undefined && id !== -1)
  const pushAt = ann.frames.findIndex(({ result }) => (result as { _id?: string } | null)?._id === tx._id)
  assert.ok(answerAt >= 0 && pushAt > answerAt, `answer at ${answerAt}, push at ${pushAt}`)
  assert.equal((await pushedTo(ann)).length, 1)
})

test('WIRE-71: one transaction is pushed as itself, several committed together as an array in order', async (context) => {
  const { ann, bob: other } = await annAndBob(context)
  await ann.request('tx', [createTask('t1', { title: 'x' })])
  await ann.request('tx', [comment('t1', 'c1')])
  await pushedTo(other)
  const pushes = other.frames
    .filter(({ id, result }) => id === undefined && isOfTasks([result].flat()[0] as never))
    .map(({ result }) => result)
  const [single, several] = pushes as [{ objectId: string }, Record<string, unknown>[]]
  assert.equal(single.objectId, 't1')
  assert.deepEqual(
    several.map(({ _class, space, objectId }) => [_class, space, objectId]),
    [
      ['core:class:TxCollectionCUD', 'core:space:Tx', 't1'],
      ['core:class:TxUpdateDoc', 'core:space:DerivedTx', 't1'],
    ],
  )
  assert.deepEqual(several[1]?.['operations'], { $inc: { comments: 1 } })
})

test('WIRE-72: what a removal takes along is pushed with it, the outermost first', async (context) => {
  const { ann, bob: other } = await annAndBob(context)
  await ann.request('tx', [createTask('t1', { title: 'x' })])
  await ann.request('tx', [comment('t1', 'c1')])
  await ann.request('tx', [comment('t1', 'c2')])
  await ann.request('tx', [removeTask('t1')])
  const pushes = await pushedTo(other)
  assert.deepEqual(idsOf(pushes).slice(-3, -2), ['t1'])
  assert.deepEqual(idsOf(pushes).slice(-2).sort(), ['c1', 'c2'])
  assert.deepEqual(
    await other.request('findAll', ['board:class:Comment', {}]),
    Object.assign([], { total: -1 }),
  )
})

test('WIRE-73: with broadcast false nothing is pushed, and answers come as ever', async (context) => {
  const { url, token } = await testServer(context)
  const silent = await RawClient.open(url, token('ann'), { broadcast: false })
  const other = await RawClient.open(url, token('bob'))
  await other.request('tx', [createTask('t1', { title: 'x' }, bob)])
  await silent.request('tx', [createTask('t2', { title: 'y' })])
  await other.waitForPush(({ objectId }) => objectId === 't2')
  assert.deepEqual(await pushedTo(silent), [])
  assert.equal(((await silent.request('findAll', ['board:class:Task', {}])) as unknown[]).length, 2)
})

test('WIRE-74: an update with retrieve is answered with the changed document, another with {}', async (context) => {
  const { ann } = await annAndBob(context)
  await ann.request('tx', [createTask('t1', { title: 'x' })])
  assert.deepEqual(await ann.request('tx', [updateTask('t1', { title: 'y' })]), {})
  const update = { ...updateTask('t1', { title: 'z', $push: { labels: 'new' } }), retrieve: true }
  const { object } = (await ann.request('tx', [update])) as { object: Record<string, unknown> }
  assert.deepEqual([object['_id'], object['title'], object['labels']], ['t1', 'z', ['new']])
})

test('WIRE-75: an apply-if is answered with success and what was derived, and its transactions are pushed', async (context) => {
  const { ann, bob: other } = await annAndBob(context)
  await ann.request('tx', [createTask('t1', { title: 'x' })])
  const query = { _class: 'board:class:Task', query: { _id: 't2' } }
  const txes = [createTask('t2', { title: 'y' }), comment('t1', 'c1')]
  const once = (_id: string) => applyIf({ scope: 's', notMatch: [query], txes }, { _id })
  const { success, derived } = (await ann.request('tx', [once('apply1')])) as {
    success: boolean
    derived: Record<string, unknown>[]
  }
  assert.equal(success, true)
  assert.deepEqual(
    derived.map(({ operations }) => operations),
    [{ $inc: { comments: 1 } }],
  )
  const refused = applyIf({ scope: 's', notMatch: [query], txes: [updateTask('t1', { title: 'no' })] })
  assert.deepEqual(await ann.request('tx', [refused]), { success: false, derived: [] })
  const pushes = await pushedTo(other)
  assert.deepEqual(
    pushes.map(({ _id }) => _id),
    [pushes[0]?.['_id'], ...txes.map(({ _id }) => _id), derived[0]?.['_id']],
  )
  assert.deepEqual(pushes.at(-1), derived[0])
})

test('WIRE-76: an apply-if with notify false is not pushed to clients of protocol 1, and extraNotify pushes a BulkUpdate', async (context) => {
  const { ann, bob: other } = await annAndBob(context)
  const silent = { notify: false, extraNotify: ['board:class:Task'] }
  await ann.request('tx', [applyIf({ ...silent, txes: [createTask('t1', { title: 'x' })] })])
  const [event, ...others] = await pushedTo(other)
  assert.deepEqual(others, [])
  assert.deepEqual(
    [event?.['_class'], event?.['event'], event?.['params']],
    ['core:class:TxWorkspaceEvent', 5, { _class: ['board:class:Task'] }],
  )
  assert.equal(((await other.request('findAll', ['board:class:Task', {}])) as unknown[]).length, 1)
})

test('WIRE-77: two clients, one of them binary, see the same changes in the same order', async (context) => {
  const { ann, bob: other } = await annAndBob(context, { binary: true })
  await ann.request('tx', [createTask('t', { title: 'x', labels: [] })])
  const changes = Array.from({ length: 20 }, (_, number) => {
    const client = number % 2 === 0 ? ann : other
    const by = number % 2 === 0 ? {} : bob
    return client.request('tx', [updateTask('t', { $push: { labels: `${number}` } }, by)])
  })
  await Promise.all(changes)
  const [mine, theirs] = [await pushedTo(ann), await pushedTo(other)]
  assert.equal(mine.length, 21)
  assert.deepEqual(mine, theirs)
  const pushed = mine
    .slice(1)
    .map(({ operations }) => (operations as { $push: { labels: string } }).$push.labels)
  const [task] = (await other.request('findAll', ['board:class:Task', {}])) as { labels: string[] }[]
  assert.deepEqual(task?.labels, pushed)
})

test('WIRE-78: nothing of one workspace is pushed to another, and each has documents of its own', async (context) => {
  const { ann, url, token } = await annAndBob(context)
  const elsewhere = await RawClient.open(url, token('ann', 'w2'))
  await ann.request('tx', [createTask('t1', { title: 'x' })])
  assert.deepEqual(await pushedTo(elsewhere), [])
  assert.equal(((await elsewhere.request('findAll', ['board:class:Task', {}])) as unknown[]).length, 0)
})

test('WIRE-79: a transient document is pushed to everyone and found by everyone', async (context) => {
  const { ann, bob: other } = await annAndBob(context)
  const attributes = { online: true, user: 'account:ann' }
  const space = { space: 'core:space:Space' }
  await ann.request('tx', [
    change('core:class:TxCreateDoc', 'status:x', 'core:class:UserStatus', space, { attributes }),
  ])
  assert.deepEqual(
    (await other.waitForPush(({ objectId }) => objectId === 'status:x'))['attributes'],
    attributes,
  )
  const found = (await other.request('findAll', ['core:class:UserStatus', { _id: 'status:x' }])) as unknown[]
  assert.equal(found.length, 1)
})
