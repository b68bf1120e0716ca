import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Class, Ref } from '../../model/documents.ts'
import type { Tx } from '../../model/transactions.ts'
import { createClient } from '../../client/client.ts'
import { dialNode } from '../../client/node.ts'
import type { LargeMessage } from '../../client/connection/requests.ts'
import { testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'

const task = 'board:class:Task' as Ref<Class>

test('SDK-33: large messages are told with what they took, uploads and long answers with how far they are', async (t) => {
  const { url, token } = await testServer(t, { chunkCount: '50' })
  const client = createClient({ url, getToken: () => token('ann'), dial: dialNode, compression: false })
  t.after(() => client.terminate())
  const large: LargeMessage[] = []
  client.onLargeMessage((message) => large.push(message))
  const uploads: [number, number][] = []
  const tx = createTask('t0', { title: 'x', description: 'word '.repeat(500_000) }) as Tx
  await client.tx(tx, { onUploadProgress: (sent, total) => uploads.push([sent, total]) })
  const [last] = uploads.slice(-1)
  assert.ok(last !== undefined && last[0] <= last[1] && last[1] > 2_500_000)
  for (let at = 1; at < 200; at++) await client.tx(createTask(`t${at}`, { title: 'x' }) as Tx)
  const progress: number[] = []
  const found = await client.findAll(task, {}, {}, { onProgress: (documents) => progress.push(documents) })
  assert.equal(found.length, 200)
  assert.ok(progress.length >= 2 && progress.every((count, at) => count > (progress[at - 1] ?? 0)))
  assert.deepEqual(
    large.map(({ method }) => method),
    ['tx', 'findAll'],
  )
  assert.ok((large[0]?.sentBytes ?? 0) > 2_500_000 && (large[1]?.receivedBytes ?? 0) > 2_500_000)
  assert.ok(large.every(({ milliseconds }) => milliseconds >= 0))
})

test('SDK-34: the server’s time for what a client did is measured', async (t) => {
  const { url, token } = await testServer(t)
  const client = createClient({ url, getToken: () => token('ann'), dial: dialNode })
  t.after(() => client.terminate())
  const done = await client.measure('work')
  await client.findAll(task)
  const spent = await done()
  assert.ok(spent > 0)
  await assert.rejects(done())
})
