import { expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
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
import { onTestEnd } from '../support/on-test-end.ts'
import { satisfying } from '../support/expecting.ts'

await withMongo(({ url: mongoUrl }) => {
  /** Flags of servers over databases of this test. */
  function flagsOf() {
    const mongoPrefix = `t-${randomBytes(5).toString('hex')}-`
    onTestEnd(() => dropDatabases(mongoUrl, mongoPrefix))
    return { storage: 'mongodb', mongoUrl, mongoPrefix }
  }

  test('STO-50: a server on MongoDB serves its workspaces from there, and so does the next server', async () => {
    const flags = flagsOf()
    const first = await testServer(flags)
    const writer = await RawClient.open(first.url, first.token('ann'))
    const requests = Array.from({ length: 20 }, (_, index) =>
      writer.request('tx', [createTask(`t${index}`, { title: `task ${index}`, rank: String(index % 7) })]),
    )
    await Promise.all(requests)
    const query = ['board:class:Task', { rank: '3' }, { total: true }]
    const found = (await writer.request('findAll', query)) as { _id: string }[]
    expect(found.map(({ _id }) => _id).sort()).toStrictEqual(['t10', 't17', 't3'])
    await first.server.stop()
    const second = await testServer(flags)
    const reader = await RawClient.open(second.url, second.token('ann'))
    expect(await reader.request('findAll', query)).toStrictEqual(found)
  })

  test('STO-110: one failure of many queued requests is one line of the log, without a stack', async () => {
    const proxy = await cuttingProxy(mongoUrl)
    onTestEnd(() => proxy.close())
    const flags = { ...flagsOf(), mongoUrl: proxy.url, mongoRetry: '0' }
    const server = await testServer(flags)
    const writer = await RawClient.open(server.url, server.token('ann'))
    await writer.request('tx', [createTask('first', { title: 'task' })])
    proxy.refuse(true)
    const requests = Array.from({ length: 60 }, (_, index) =>
      writer.request('tx', [createTask(`t${index}`, { title: 'task' })]),
    )
    const outcomes = await Promise.allSettled(requests)
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    const lines = server.log.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields)
    const failed = lines.filter((each) => 'code' in each)
    expect(failed.length).toBeGreaterThan(0)
    expect(failed.length).toBeLessThan(6)
    expect(failed.every((each) => !('err' in each))).toBe(true)
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

  test('STO-57: with MongoDB the accounts are stored there too, and another server over it has them', async () => {
    const flags = { ...flagsOf(), accounts: 'builtin' }
    const first = accountsOf(await testServer(flags))
    await first.call(undefined, 'createAccount', 'ann', 'correct horse')
    const ann = first.token('ann', '')
    await first.call(ann, 'createWorkspace', 'team')
    await first.server.stop()
    const client = new MongoClient(mongoUrl)
    try {
      const database = client.db(databaseName(flags.mongoPrefix, 'atrium:accounts'))
      expect(await database.collection('tx').countDocuments()).toBeGreaterThan(1)
    } finally {
      await client.close()
    }
    // It shares neither the folder nor the memory of the first one.
    const second = accountsOf(await testServer(flags))
    await second.call(undefined, 'login', 'ann', 'correct horse')
    await expect(second.call(undefined, 'login', 'ann', 'wrong horse')).rejects.toThrow(
      satisfying(refusedWith('platform:status:InvalidCredentials')),
    )
    const listed = (await second.call(ann, 'listWorkspaces')) as { workspaceName: string }[]
    expect(listed.map(({ workspaceName }) => workspaceName)).toStrictEqual(['team'])
  })
})
