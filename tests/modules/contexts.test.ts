import { describe, expect, test } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RawClient } from '../support/raw-client.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { TEST_SPACES, testServer, type TestServer } from '../support/test-server.ts'
import { change, createTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'

const params = `{ safeParse: (data) => ({ success: true, data }), parse: (data) => data }`

/** Its trigger notes in the description of each new task what it sees, and fails in its first runs after commits. */
const source = `
  const tries = new Map()
  export default {
    name: 'acting',
    model: [],
    triggers: [
      {
        kind: 'sync',
        name: 'first',
        on: { classes: ['board:class:Comment'], transactions: ['core:class:TxCreateDoc'] },
        run: ({ cause, after, bySystem, random, now }) =>
          [bySystem.update(after, { message: JSON.stringify([cause.sender, cause.triggers, random() < 1, now() > 0]) })],
      },
      {
        kind: 'async',
        name: 'look',
        retry: { first: '1ms', max: '1ms' },
        on: { classes: ['board:class:Task'], transactions: ['core:class:TxCreateDoc'] },
        run: async ({ asSender, asSystem, cause, log }, { objectId }) => {
          const seen = async (who) => (await who.findAll('board:class:Task', {})).length
          const task = await asSystem.get('board:class:Task', objectId)
          if (!['first', 'secret'].includes(task.title)) return []
          const forbidden = await asSender.commit([
            asSender.factory.create('board:class:Task', 'hidden', { title: 'not mine' }),
          ]).then(() => 'committed', (error) => error.status.code)
          log.info({ forbidden }, 'it looked')
          const description = JSON.stringify([await seen(asSender), await seen(asSystem), forbidden, cause.sender])
          await asSystem.commit([asSystem.factory.update(task, { description })])
          await asSender.commit([asSender.factory.attach(task, 'comments', 'board:class:Comment', { message: 'mine' })])
          const count = (tries.get(objectId) ?? 0) + 1
          tries.set(objectId, count)
          if (count < 3) throw new Error('a service is away')
          return []
        },
      },
    ],
    jobs: {
      note: {
        run: async ({ bySystem, get }, { task }) => [bySystem.update(await get('board:class:Task', task), { rank: 'noted' })],
      },
    },
    methods: {
      later: {
        params: ${params},
        run: async ({ commit, factory, runAfter, asSystem }, [space, _id]) => {
          await commit([factory.create('board:class:Task', space, { title: 'by a method' }, { _id }), runAfter(0, 'note', { task: _id })])
          return (await asSystem.findAll('board:class:Task', {})).length
        },
      },
    },
  }`

async function actingServer(): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-modules-'))
  onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'acting.mjs')
  await writeFile(path, source)
  return await testServer({ modules: ['board', TEST_SPACES, path].join() })
}

const space = (_id: string, members: readonly string[], by: string) =>
  change(
    'core:class:TxCreateDoc',
    _id,
    'core:class:Space',
    { space: 'core:space:Space', by },
    { attributes: { name: _id, description: '', private: true, members, archived: false } },
  )

async function tasks(client: RawClient): Promise<Record<string, unknown>[]> {
  return (await client.request('findAll', ['board:class:Task', {}])) as Record<string, unknown>[]
}

describe('what code of a module gets', () => {
  test('MOD-145: `asSender` has the permissions of the sender and `asSystem` none, and what they commit is there once, however often the run is repeated', async () => {
    const { url, token, log } = await actingServer()
    const [ann, bob] = [await RawClient.open(url, token('ann')), await RawClient.open(url, token('bob'))]
    await bob.request('tx', [space('hidden', ['account:bob'], 'account:bob')])
    await bob.request('tx', [createTask('h1', { title: 'other' }, { space: 'hidden', by: 'account:bob' })])
    await ann.request('tx', [createTask('t1', { title: 'first' })])
    const done = async () => (await tasks(ann)).find(({ _id }) => _id === 't1')?.['comments'] === 1
    await waitUntil(done, 'the comment')
    await waitUntil(
      () => log.lines.filter(({ message }) => message === 'it looked').length === 3,
      'the third run',
    )
    const [task] = (await tasks(ann)).filter(({ _id }) => _id === 't1')
    expect(JSON.parse(String(task?.['description']))).toStrictEqual([
      1,
      2,
      'core:status:ObjectNotFound',
      'account:ann',
    ])
    const comments = (await ann.request('findAll', ['board:class:Comment', {}])) as Record<string, unknown>[]
    expect(comments.map(({ modifiedBy, createdBy }) => [createdBy, modifiedBy])).toStrictEqual([
      ['account:ann', 'core:account:System'],
    ])
    expect(JSON.parse(String(comments[0]?.['message']))).toStrictEqual(['account:ann', [], true, true])
    const line = log.lines.find(({ message }) => message === 'it looked')
    expect(line?.fields).toMatchObject({
      workspace: 'w1',
      module: 'acting',
      code: 'acting.look',
      sender: 'account:ann',
      triggers: [],
      forbidden: 'core:status:ObjectNotFound',
    })
    expect((line?.fields as { transaction?: unknown } | undefined)?.transaction).toBeDefined()
  })

  test('MOD-146: a method asks for a run of a job in its own commit, with it or not at all', async () => {
    const { url, token } = await actingServer()
    const [ann, bob] = [await RawClient.open(url, token('ann')), await RawClient.open(url, token('bob'))]
    await bob.request('tx', [space('hidden', ['account:bob'], 'account:bob')])
    await expect(ann.request('acting.later', ['hidden', 'm0'])).rejects.toThrow('ObjectNotFound')
    expect(await bob.request('acting.later', ['hidden', 'm1'])).toBe(1)
    await waitUntil(async () => (await tasks(bob))[0]?.['rank'] === 'noted', 'the job')
    expect((await tasks(bob)).map(({ _id }) => _id)).toStrictEqual(['m1'])
  })
})
