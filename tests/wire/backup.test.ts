import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertCoded, disturbed } from '../support/bystander.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'

interface Chunk {
  idx: number
  docs: { id: string; hash: string; size: number }[]
  finished: boolean
}

test('WIRE-58: a backup session lists a domain, reads its documents, and puts back and removes some', async (context) => {
  const { url, token } = await testServer(context, { storage: 'embedded' })
  const user = await RawClient.open(url, token('ann'))
  for (const id of ['t1', 't2']) await user.request('tx', [createTask(id, { title: id })])
  const backup = await RawClient.open(url, token('tool', 'w1', { mode: 'backup' }))
  const { idx, docs, finished } = (await backup.request('loadChunk', ['task'])) as Chunk
  assert.deepEqual([docs.map(({ id }) => id).sort(), finished], [['t1', 't2'], true])
  assert.deepEqual(await backup.request('closeChunk', [idx]), {})
  const [saved] = (await backup.request('loadDocs', ['task', ['t1', 'nope']])) as {
    _id: string
    title: string
  }[]
  assert.equal(saved?.title, 't1')
  await backup.request('clean', ['task', ['t1']])
  assert.deepEqual(await backup.request('loadDocs', ['task', ['t1']]), [])
  await backup.request('upload', ['task', [saved]])
  const again = (await backup.request('loadChunk', ['task'])) as Chunk
  assert.deepEqual(again.docs, docs)
})

test('WIRE-59: the methods of backup sessions are forbidden to others, and take no wrong params', async (context) => {
  const { client, url, token, assertUnnoticed } = await disturbed(context, { storage: 'embedded' })
  const methods = ['loadChunk', 'closeChunk', 'loadDocs', 'upload', 'clean']
  for (const method of methods)
    assertCoded(await client.ask(method, ['task', []]), 'platform:status:Forbidden')
  const backup = await RawClient.open(url, token('tool', 'w1', { mode: 'backup' }))
  const wrong: [string, unknown[]][] = methods.flatMap((method) =>
    [[], [{}], [null, null], ['', 'x'], ['task', 'x']].map((params): [string, unknown[]] => [method, params]),
  )
  for (const [method, params] of [
    ...wrong,
    ['loadChunk', ['task', 99]],
    ['upload', ['task', [{}]]],
  ] as typeof wrong)
    assertCoded(await backup.ask(method, params), 'platform:status:BadRequest')
  await assertUnnoticed()
})
