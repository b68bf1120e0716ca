import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Verification } from '../../pipeline/verify-log.ts'
import { RawClient } from '../support/raw-client.ts'
import { comment, createTask, removeTask, updateTask } from '../support/transactions.ts'
import { testServer } from '../support/test-server.ts'

test('SRV-52: verify replays the log and tells which documents are not what it makes them', async (t) => {
  const { url, token } = await testServer(t, { storage: 'embedded' })
  const ann = await RawClient.open(url, token('ann'))
  for (const id of ['t1', 't2', 't3', 't4'])
    await ann.request('tx', [createTask(id, { title: 'x', votes: 0 })])
  await ann.request('tx', [comment('t1', 'c1')])
  await ann.request('tx', [updateTask('t1', { $inc: { votes: 2 } })])
  await ann.request('tx', [removeTask('t4')])
  await assert.rejects(ann.request('verify'), /Forbidden/)
  const tool = await RawClient.open(url, token('system', 'w1', { mode: 'backup' }))
  const sound = (await tool.request('verify')) as Verification
  // Two are the modules' own.
  assert.deepEqual([sound.flaws, sound.differences, sound.documents], [[], [], 6])
  const [t1] = (await tool.request('loadDocs', ['task', ['t1']])) as { _id: string }[]
  await tool.request('clean', ['task', ['t2']])
  await tool.request('upload', [
    'task',
    [
      { ...t1, votes: 9 },
      { ...t1, _id: 'extra' },
    ],
  ])
  const { differences } = (await tool.request('verify')) as Verification
  assert.deepEqual(
    differences.map(({ domain, id, kind }) => [domain, id, kind]),
    [
      ['task', 'extra', 'extra'],
      ['task', 't1', 'different'],
      ['task', 't2', 'missing'],
    ],
  )
  await ann.request('tx', [updateTask('t1', { $inc: { votes: 1 } })])
  const [after] = (await ann.request('findAll', ['board:class:Task', { _id: 't1' }])) as { votes: number }[]
  assert.equal(after?.votes, 10)
})
