import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { MongoClient } from 'mongodb'
import { databaseName } from '../../pipeline/storage/mongodb/database-name.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'
import { withMongo } from './with-mongo.ts'

await withMongo(({ url: mongoUrl }) => {
  test('STO-50: a server on MongoDB answers from there, and so does the next one', async (context) => {
    const workspace = `test-${randomBytes(6).toString('hex')}`
    context.after(async () => {
      const client = new MongoClient(mongoUrl)
      await client.db(databaseName('atrium-', workspace)).dropDatabase()
      await client.close()
    })
    const flags = { storage: 'mongodb', mongoUrl }
    const first = await testServer(context, flags)
    const writer = await RawClient.open(first.url, first.token('ann', workspace))
    const requests = Array.from({ length: 20 }, (_, index) =>
      writer.request('tx', [createTask(`t${index}`, { title: `task ${index}`, rank: String(index % 7) })]),
    )
    await Promise.all(requests)
    const query = ['board:class:Task', { rank: '3' }, { total: true }]
    const found = (await writer.request('findAll', query)) as { _id: string }[]
    assert.deepEqual(found.map(({ _id }) => _id).sort(), ['t10', 't17', 't3'])
    await first.server.stop()
    const second = await testServer(context, flags)
    const reader = await RawClient.open(second.url, second.token('ann', workspace))
    assert.deepEqual(await reader.request('findAll', query), found)
  })
})
