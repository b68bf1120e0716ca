import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RawClient, RawError } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { change, createTask } from '../support/transactions.ts'

const refusedWith = (code: string) => (error: unknown) =>
  error instanceof RawError && error.code === `platform:status:${code}`

const project = (_id: string, fields: object) =>
  change(
    'core:class:TxCreateDoc',
    _id,
    'board:class:Project',
    { space: 'core:space:Space' },
    { attributes: fields },
  )

test('MOD-3: a method of a module is called by its full name, and answers like any other', async (context) => {
  const { server, url, token } = await testServer(context)
  const ann = await RawClient.open(url, token('ann'))
  await ann.request('tx', [project('q', { name: 'p', private: false, members: [] })])
  for (const [id, status] of [
    ['a', 'done'],
    ['b', 'done'],
    ['c', 'todo'],
  ] as const)
    await ann.request('tx', [createTask(id, { title: id, status }, { space: 'q' })])
  assert.deepEqual(await ann.request('board.archiveDone', [{ project: 'q' }]), { archived: 2, more: false })
  assert.deepEqual(await ann.request('board.archiveDone', [{ project: 'q' }]), { archived: 0, more: false })
  const archived = await ann.request('findAll', ['board:class:Task', { archived: true }])
  const signers = (archived as { modifiedBy: string }[]).map(({ modifiedBy }) => modifiedBy)
  assert.deepEqual(signers, ['account:ann', 'account:ann'])
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  assert.match(metrics, /atrium_request_duration_seconds_count\{method="board.archiveDone"\} 2/)
})

test('MOD-4: what is no method of a module is UnknownMethod, and params it does not take are BadRequest', async (context) => {
  const { url, token } = await testServer(context)
  const ann = await RawClient.open(url, token('ann'))
  for (const method of [
    'archiveDone',
    'board',
    'board.',
    'board.nothing',
    'board.constructor',
    'board.__proto__',
    'constructor',
    'other.archiveDone',
    'board.archiveDone.run',
  ])
    await assert.rejects(ann.request(method, [{ project: 'p' }]), refusedWith('UnknownMethod'), method)
  for (const params of [[], [null], [{}], [{ project: 5 }], [{ project: '' }], ['p']])
    await assert.rejects(
      ann.request('board.archiveDone', params),
      refusedWith('BadRequest'),
      JSON.stringify(params),
    )
})

test('MOD-5: a method of a module sees and changes what its caller may, and nothing else', async (context) => {
  const { url, token } = await testServer(context)
  const ann = await RawClient.open(url, token('ann'))
  const bob = await RawClient.open(url, token('bob'))
  await ann.request('tx', [project('hidden', { name: 'h', private: true, members: ['account:ann'] })])
  await ann.request('tx', [createTask('a', { title: 'a', status: 'done' }, { space: 'hidden' })])
  assert.deepEqual(await bob.request('board.archiveDone', [{ project: 'hidden' }]), {
    archived: 0,
    more: false,
  })
  assert.deepEqual(await ann.request('board.archiveDone', [{ project: 'hidden' }]), {
    archived: 1,
    more: false,
  })
})
