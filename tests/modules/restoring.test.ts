import { expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { board } from '../../examples/board/model.ts'
import { dropDatabases } from '../../storage/testing/mongodb-test-storage.ts'
import { closeCodes } from '../../protocol/close-codes.ts'
import type { Flags } from '../../server/configuration/configuration.ts'
import { withMongo } from '../services/with-mongo.ts'
import { assertCoded } from '../support/bystander.ts'
import { RawClient } from '../support/raw-client.ts'
import { TEST_SPACES, testServer, type TestServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const noting = fileURLToPath(new URL('./noting-module.js', import.meta.url))
const modules = `board,${TEST_SPACES},${noting}`

interface Backup {
  tx: unknown[]
  task: unknown[]
  module: unknown[]
}

/** The tasks that the module has recorded, in the order of their names. */
async function noted(client: RawClient): Promise<string[]> {
  const found = (await client.request('findAll', [board.class.Comment, {}])) as { message: string }[]
  return found.map(({ message }) => message).toSorted()
}

async function create(client: RawClient, name: string, ...titles: string[]): Promise<void> {
  const by = `account:${name}`
  for (const title of titles) await client.request('tx', [createTask(title, { title }, { by })])
}

async function backupOf(tool: RawClient): Promise<Backup> {
  const read = async (domain: string) => {
    const { docs } = (await tool.request('loadChunk', [domain])) as { docs: { id: string }[] }
    return (await tool.request('loadDocs', [domain, docs.map(({ id }) => id)])) as unknown[]
  }
  return { tx: await read('tx'), task: await read('task'), module: await read('module') }
}

const toolOf = async ({ url, token }: TestServer, workspace: string) =>
  await RawClient.open(url, token('tool', workspace, { mode: 'backup' }))

test('MOD-14: after a restore into a workspace in use, every client reconnects, and triggers run for new transactions only', async () => {
  await restores({ storage: 'embedded' })
})

await withMongo(({ url: mongoUrl }) => {
  test('MOD-14: after a restore on MongoDB, triggers run for new transactions only', async () => {
    const mongoPrefix = `restore-${randomBytes(4).toString('hex')}-`
    onTestEnd(() => dropDatabases(mongoUrl, mongoPrefix))
    await restores({ storage: 'mongodb', mongoUrl, mongoPrefix })
  })
})

async function restores(flags: Flags): Promise<void> {
  const host = await testServer({ ...flags, modules })
  const origin = await RawClient.open(host.url, host.token('ann', 'origin'))
  await create(origin, 'ann', 'a', 'b')
  await waitUntil(async () => (await noted(origin)).length === 2, 'the trigger')
  const { tx, task, module } = await backupOf(await toolOf(host, 'origin'))
  expect(module.length).toBeGreaterThan(0)

  const user = await RawClient.open(host.url, host.token('bob', 'copy'))
  await create(user, 'bob', 'own')
  await waitUntil(async () => (await noted(user)).length === 1, 'the trigger')
  const tool = await toolOf(host, 'copy')
  // The comments of the trigger remain: repeated ones would show.
  await tool.request('upload', ['tx', tx])
  const early = createTask('early', { title: 'early' }, { by: 'account:bob' })
  assertCoded(await user.ask('tx', [early]), 'platform:status:Unavailable')
  await tool.request('upload', ['task', task])
  await tool.request('upload', ['module', module])
  const second = await toolOf(host, 'copy')
  await tool.close()
  expect(await noted(user)).toStrictEqual(['own'])
  await second.close()
  expect((await user.waitForClose()).code).toBe(closeCodes.workspaceClosed.code)

  const again = await RawClient.open(host.url, host.token('bob', 'copy'))
  await create(again, 'bob', 'new')
  await waitUntil(async () => (await noted(again)).includes('new'), 'the trigger')
  expect(await noted(again)).toStrictEqual(['new', 'own'])
  const tasks = (await again.request('findAll', [board.class.Task, {}])) as { _id: string }[]
  expect(tasks.map(({ _id }) => _id).toSorted()).toStrictEqual(['a', 'b', 'new', 'own'])
}

test('MOD-14: after a workspace was cleaned and restored, triggers continue with new transactions', async () => {
  const host = await testServer({ storage: 'embedded', modules })
  const before = await RawClient.open(host.url, host.token('ann'))
  await create(before, 'ann', 'a', 'b')
  await waitUntil(async () => (await noted(before)).length === 2, 'the trigger')
  await before.close()
  const tool = await toolOf(host, 'w1')
  const backup = Object.entries(await backupOf(tool)) as [string, { _id: string }[]][]
  for (const [domain, docs] of backup) await tool.request('clean', [domain, docs.map(({ _id }) => _id)])
  for (const [domain, docs] of backup) await tool.request('upload', [domain, docs])
  await tool.close()
  const after = await RawClient.open(host.url, host.token('ann'))
  expect(await noted(after)).toStrictEqual(['a', 'b'])
  await create(after, 'ann', 'c', 'd')
  await waitUntil(async () => (await noted(after)).length === 4, 'the trigger')
  expect(await noted(after)).toStrictEqual(['a', 'b', 'c', 'd'])
})
