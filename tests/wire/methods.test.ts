import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RawClient, RawError } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { change, createTask } from '../support/transactions.ts'
import { largest } from '../../model/largest.ts'

interface Tx {
  _id: string
  objectId: string
  modifiedOn: number
}
interface ModelResponse {
  transactions: Tx[]
  hash: string
  full: boolean
}

const refusedWith = (code: string) => (error: unknown) => error instanceof RawError && error.code === code

test('WIRE-50: ping is answered with pong!', async (context) => {
  const { url, token } = await testServer(context)
  const client = await RawClient.open(url, token('ann'))
  for (const id of [1, 0, -7, 'a string', '']) {
    client.send({ id, method: 'ping', params: [] })
    assert.deepEqual(await client.wait((frame) => frame.id === id), { id, result: 'pong!' })
  }
})

test('WIRE-51: loadModel without a hash gives the model transactions newer than the time', async (context) => {
  const { url, token } = await testServer(context)
  const client = await RawClient.open(url, token('ann'))
  const all = (await client.request('loadModel', [0])) as Tx[]
  assert.ok(all.some(({ objectId }) => objectId === 'board:class:Task'))
  assert.ok(all.some(({ objectId }) => objectId === 'account:ann'))
  const latest = largest(all.map(({ modifiedOn }) => modifiedOn))
  assert.deepEqual(await client.request('loadModel', [latest]), [])
  const newest = (await client.request('loadModel', [latest - 1])) as Tx[]
  assert.ok(newest.length > 0 && newest.every(({ modifiedOn }) => modifiedOn === latest))
})

test('WIRE-52: loadModel with a hash gives the part after it, and everything for an unknown one', async (context) => {
  const { url, token } = await testServer(context)
  const client = await RawClient.open(url, token('ann'))
  const owner = await RawClient.open(url, token('root', 'w1', { admin: 'true' }))
  const first = (await client.request('loadModel', [0, ''])) as ModelResponse
  assert.equal(first.full, true)
  const none = (await client.request('loadModel', [0, first.hash])) as ModelResponse
  assert.deepEqual(none, { transactions: [], hash: first.hash, full: false })
  const status = change(
    'core:class:TxCreateDoc',
    'shop:configuration:x',
    'core:class:Configuration',
    { space: 'core:space:Model', by: 'account:root' },
    { attributes: { enabled: true } },
  )
  await owner.request('tx', [status])
  const part = (await client.request('loadModel', [0, first.hash])) as ModelResponse
  assert.deepEqual([part.full, part.transactions.map(({ _id }) => _id)], [false, [status._id]])
  const unknown = (await client.request('loadModel', [0, 'f'.repeat(64)])) as ModelResponse
  assert.equal(unknown.full, true)
  assert.equal(unknown.transactions.length, first.transactions.length + 1)
  assert.equal(unknown.hash, part.hash)
  assert.notEqual(part.hash, first.hash)
})

test('WIRE-53: getAccount gives the account of the token’s email, made for an administrator without one', async (context) => {
  const { url, token } = await testServer(context)
  const user = await RawClient.open(url, token('ann'))
  const { modifiedOn, createdOn, ...account } = (await user.request('getAccount')) as Record<string, unknown>
  assert.deepEqual(account, {
    _id: 'account:ann',
    _class: 'core:class:Account',
    space: 'core:space:Model',
    modifiedBy: 'core:account:System',
    createdBy: 'core:account:System',
    email: 'ann',
    role: 'USER',
  })
  assert.equal(modifiedOn, createdOn)
  const admin = await RawClient.open(url, token('root', 'w1', { admin: 'true' }))
  assert.equal(((await admin.request('getAccount')) as { role: string }).role, 'OWNER')
})

test('WIRE-54: searchFulltext finds documents by word, class and space, within the limit', async (context) => {
  const { url, token } = await testServer(context)
  const client = await RawClient.open(url, token('ann'))
  for (const [id, title, space] of [
    ['t1', 'Fix the sign-in page', 'board:project:a'],
    ['t2', 'Fix the search box', 'board:project:b'],
    ['t3', 'Polish the search box', 'board:project:b'],
  ] as const) {
    await client.request('tx', [createTask(id, { title }, { space })])
  }
  const search = async (...params: unknown[]) => {
    const { docs } = (await client.request('searchFulltext', params)) as {
      docs: { id: string; title: string; doc: { _id: string; _class: string } }[]
    }
    return docs
  }
  const [hit, ...others] = await search({ query: 'polish' }, {})
  assert.deepEqual(others, [])
  assert.equal(hit?.title, 'Polish the search box')
  assert.deepEqual([hit?.id, hit?.doc], ['t3', { _id: 't3', _class: 'board:class:Task' }])
  const ids = async (...params: unknown[]) => (await search(...params)).map(({ id }) => id).sort()
  assert.deepEqual(await ids({ query: 'fix' }), ['t1', 't2'])
  assert.deepEqual(await ids({ query: 'fix', spaces: ['board:project:b'] }), ['t2'])
  assert.deepEqual(await ids({ query: 'fix', classes: ['board:class:Comment'] }), [])
  assert.deepEqual(await ids({ query: 'fix', classes: ['core:class:Doc'] }), ['t1', 't2'])
  assert.equal((await search({ query: 'search' }, { limit: 1 })).length, 1)
  assert.deepEqual(await ids({ query: '"search box" pol' }), ['t3'])
  assert.deepEqual(await ids({ query: 'pol search' }, { prefix: 'last' }), [])
  assert.deepEqual(await ids({ query: 'polish sear' }, { prefix: 'last' }), ['t3'])
})

test('DOC-65: `$prefix` stands beside `$search` in a query, and takes all, last or none', async (context) => {
  const { url, token } = await testServer(context)
  const client = await RawClient.open(url, token('ann'))
  await client.request('tx', [createTask('t1', { title: 'Räder für das Büro' })])
  const found = async (query: object) =>
    ((await client.request('findAll', ['board:class:Task', query, {}])) as { _id: string }[]).map(
      ({ _id }) => _id,
    )
  assert.deepEqual(await found({ $search: 'rad buro', $prefix: 'last' }), [])
  assert.deepEqual(await found({ $search: 'rad buro' }), ['t1'])
  assert.deepEqual(await found({ $search: 'buro räder', $prefix: 'none' }), ['t1'])
  for (const query of [{ $prefix: 'all' }, { $search: 'x', $prefix: 'some' }, { $search: 'x'.repeat(1001) }])
    await assert.rejects(found(query), ({ code }: { code: string }) => code === 'core:status:InvalidQuery')
})

test('WIRE-55: measure starts, and measure-done tells the milliseconds the server spent', async (context) => {
  const { url, token } = await testServer(context)
  const client = await RawClient.open(url, token('ann'))
  assert.equal(await client.request('measure', ['load']), 'started')
  await client.request('findAll', ['board:class:Task', {}])
  const spent = await client.request('measure-done', ['load'])
  assert.ok(typeof spent === 'number' && spent > 0 && spent < 10_000)
  await assert.rejects(client.request('measure-done', ['load']), refusedWith('platform:status:BadRequest'))
})

test('WIRE-56: only administrators and upgrade tools close a workspace by force', async (context) => {
  const { url, token } = await testServer(context)
  const user = await RawClient.open(url, token('ann'))
  await assert.rejects(user.request('forceClose'), refusedWith('platform:status:Forbidden'))
  const admin = await RawClient.open(url, token('root', 'w1', { admin: 'true' }))
  const closed = admin.request('forceClose')
  const { result } = await user.wait(
    (frame) => frame.id === undefined && !('objectId' in Object(frame.result)),
  )
  assert.deepEqual(result, { _class: 'core:class:TxModelUpgrade' })
  user.send({ method: '#upgrading', params: [], id: -1 })
  assert.equal((await user.waitForClose()).code, 4000)
  assert.equal(await closed, true)
  assert.equal((await admin.waitForClose()).code, 4000)
  const again = await RawClient.open(url, token('ann'))
  assert.equal(await again.request('ping'), 'pong!')
})

test('WIRE-57: a method that is not known is answered UnknownMethod with its name', async (context) => {
  const { url, token } = await testServer(context)
  const client = await RawClient.open(url, token('ann'))
  const { error } = await client.ask('findSome')
  assert.deepEqual(error, {
    severity: 'ERROR',
    code: 'platform:status:UnknownMethod',
    params: { method: 'findSome' },
  })
})
