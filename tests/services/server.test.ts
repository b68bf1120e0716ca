import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { MongoClient } from 'mongodb'
import { databaseName } from '../../storage/mongodb/driver/database-name.ts'
import { dropDatabases } from '../../storage/testing/mongodb-test-storage.ts'
import { accountsOf, refusedWith } from '../support/accounts-calls.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'
import { createTask } from '../support/transactions.ts'
import { cuttingProxy } from './cutting-proxy.ts'
import { withMongo } from './with-mongo.ts'

await withMongo(({ url: mongoUrl }) => {
  /** Flags of servers over databases of the test's own. */
  function flagsOf(context: TestContext) {
    const mongoPrefix = `t-${randomBytes(5).toString('hex')}-`
    context.after(() => dropDatabases(mongoUrl, mongoPrefix))
    return { storage: 'mongodb', mongoUrl, mongoPrefix }
  }

  test('STO-50: a server on MongoDB answers from there, and so does the next one', async (context) => {
    const flags = flagsOf(context)
    const first = await testServer(context, flags)
    const writer = await RawClient.open(first.url, first.token('ann'))
    const requests = Array.from({ length: 20 }, (_, index) =>
      writer.request('tx', [createTask(`t${index}`, { title: `task ${index}`, rank: String(index % 7) })]),
    )
    await Promise.all(requests)
    const query = ['board:class:Task', { rank: '3' }, { total: true }]
    const found = (await writer.request('findAll', query)) as { _id: string }[]
    assert.deepEqual(found.map(({ _id }) => _id).sort(), ['t10', 't17', 't3'])
    await first.server.stop()
    const second = await testServer(context, flags)
    const reader = await RawClient.open(second.url, second.token('ann'))
    assert.deepEqual(await reader.request('findAll', query), found)
  })

  test('STO-110: what many queued requests fail of is one line of the log, without a stack', async (context) => {
    const proxy = await cuttingProxy(mongoUrl)
    context.after(() => proxy.close())
    const flags = { ...flagsOf(context), mongoUrl: proxy.url, mongoRetry: '0' }
    const server = await testServer(context, flags)
    const writer = await RawClient.open(server.url, server.token('ann'))
    await writer.request('tx', [createTask('first', { title: 'task' })])
    proxy.refuse(true)
    const requests = Array.from({ length: 60 }, (_, index) =>
      writer.request('tx', [createTask(`t${index}`, { title: 'task' })]),
    )
    const outcomes = await Promise.allSettled(requests)
    assert.ok(outcomes.every(({ status }) => status === 'rejected'))
    const lines = server.log.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields)
    const failed = lines.filter((each) => 'code' in each)
    assert.ok(failed.length > 0 && failed.length < 6, `${failed.length} lines`)
    assert.ok(failed.every((each) => !('err' in each)))
    proxy.refuse(false)
    await waitUntil(
      () =>
        writer.request('tx', [createTask('last', { title: 'task' })]).then(
          () => true,
          () => false,
        ),
      'a commit',
    )
  })

  test('STO-57: accounts are on MongoDB too, and another server over it has them', async (context) => {
    const flags = { ...flagsOf(context), accounts: 'builtin' }
    const first = accountsOf(await testServer(context, flags))
    await first.call(undefined, 'createAccount', 'ann', 'correct horse')
    const ann = first.token('ann', '')
    await first.call(ann, 'createWorkspace', 'team')
    await first.server.stop()
    const client = new MongoClient(mongoUrl)
    try {
      const database = client.db(databaseName(flags.mongoPrefix, 'atrium:accounts'))
      assert.ok((await database.collection('tx').countDocuments()) > 1)
    } finally {
      await client.close()
    }
    // Of the first one it has neither the folder nor the memory.
    const second = accountsOf(await testServer(context, flags))
    await second.call(undefined, 'login', 'ann', 'correct horse')
    await assert.rejects(
      second.call(undefined, 'login', 'ann', 'wrong horse'),
      refusedWith('platform:status:InvalidCredentials'),
    )
    const listed = (await second.call(ann, 'listWorkspaces')) as { workspaceName: string }[]
    assert.deepEqual(
      listed.map(({ workspaceName }) => workspaceName),
      ['team'],
    )
  })
})
