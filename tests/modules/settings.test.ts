import { describe, expect, test } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RawClient } from '../support/raw-client.ts'
import { expectFor } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { TEST_SPACES, testServer, type TestServer } from '../support/test-server.ts'
import { change, createTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'

const SETTINGS = 'module:class:Settings'

/** The source of a module whose trigger writes the color of its settings into each new task. */
const source = (name: string, more = '') => `
  import { z } from ${JSON.stringify(import.meta.resolve('zod'))}
  export default {
    name: '${name}',
    model: [],
    settings: z.object({ color: z.string().max(10).default('green'), sizes: z.array(z.number()).default([]) }),
    triggers: [{
      kind: 'sync',
      name: 'paint',
      on: { classes: ['board:class:Task'], transactions: ['core:class:TxCreateDoc'] },
      run: ({ after, bySystem, settings, workspace }) =>
        [bySystem.update(after, { description: settings.color + ' in ' + workspace.id })],
    }],
    methods: { hello: { params: { safeParse: (data) => ({ success: true, data }) }, run: () => 'hello' } },
    ${more}
  }`

async function serverWith(sources: readonly string[], flags = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-modules-'))
  onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
  const paths = sources.map((_, at) => join(folder, `m${at}.mjs`))
  for (const [at, path] of paths.entries()) await writeFile(path, sources[at] ?? '')
  return await testServer({ modules: ['board', TEST_SPACES, ...paths].join(), ...flags })
}

const set = (module: string, operations: object, by = 'account:ann') =>
  change(
    'core:class:TxUpdateDoc',
    `module:settings:${module}`,
    SETTINGS,
    { space: 'core:space:Configuration', by },
    { operations },
  )

/** An owner of the workspace. */
async function owner(
  { url, token }: Pick<TestServer, 'url' | 'token'>,
  workspace = 'w1',
): Promise<RawClient> {
  const ann = await RawClient.open(url, token('ann', workspace))
  await ann.request('ping')
  const system = await RawClient.open(url, token('system', workspace))
  const account = { space: 'core:space:Model', by: 'core:account:System' }
  await system.request('tx', [
    change('core:class:TxUpdateDoc', 'account:ann', 'core:class:Account', account, {
      operations: { role: 'OWNER' },
    }),
  ])
  return ann
}

async function descriptions(client: RawClient): Promise<string[]> {
  const tasks = (await client.request('findAll', ['board:class:Task', {}])) as { description: string }[]
  return tasks.map(({ description }) => description)
}

describe('settings of modules', () => {
  test('MOD-170: the settings of a module are a document of each workspace, which members read and maintainers change', async () => {
    const { url, token } = await serverWith([source('paint')])
    const ann = await owner({ url, token })
    const bob = await RawClient.open(url, token('bob'))
    await ann.request('tx', [createTask('t1', { title: 'a' })])
    expect(await descriptions(bob)).toStrictEqual(['green in w1'])
    const [found] = (await bob.request('findAll', [SETTINGS, {}])) as object[]
    expect(found).toMatchObject({ module: 'paint', isOn: true, values: {} })
    bob.frames.length = 0
    await ann.request('tx', [set('paint', { 'values.color': 'red' })])
    await waitUntil(() => JSON.stringify(bob.frames).includes('red'), 'the push')
    await ann.request('tx', [createTask('t2', { title: 'b' })])
    expect((await descriptions(bob)).toSorted()).toStrictEqual(['green in w1', 'red in w1'])
    const other = await RawClient.open(url, token('ann', 'w2'))
    await other.request('tx', [createTask('t1', { title: 'a' })])
    expect(await descriptions(other)).toStrictEqual(['green in w2'])
  })

  test('MOD-171: settings that the schema refuses, and changes by other members, are refused and change nothing', async () => {
    const { url, token } = await serverWith([source('paint')])
    const ann = await owner({ url, token })
    const bob = await RawClient.open(url, token('bob'))
    const refused = [
      [ann, set('paint', { 'values.color': 7 }), 'core:status:InvalidTransaction'],
      [ann, set('paint', { 'values.color': 'x'.repeat(11) }), 'core:status:InvalidTransaction'],
      [ann, set('paint', { values: 'red' }), 'core:status:InvalidTransaction'],
      [ann, set('paint', { $push: { 'values.sizes': 'large' } }), 'core:status:InvalidTransaction'],
      [ann, set('paint', { module: 'other' }), 'platform:status:Forbidden'],
      [bob, set('paint', { 'values.color': 'red' }, 'account:bob'), 'platform:status:Forbidden'],
      [
        ann,
        change(
          'core:class:TxRemoveDoc',
          'module:settings:paint',
          SETTINGS,
          { space: 'core:space:Configuration' },
          {},
        ),
        'platform:status:Forbidden',
      ],
      [
        ann,
        change(
          'core:class:TxCreateDoc',
          'mine',
          SETTINGS,
          { space: 'core:space:Configuration' },
          { attributes: { module: 'paint', isOn: true } },
        ),
        'platform:status:Forbidden',
      ],
    ] as const
    for (const [client, tx, code] of refused)
      await expectFor(JSON.stringify(tx), client.request('tx', [tx])).rejects.toThrow(code)
    const found = (await ann.request('findAll', [SETTINGS, {}])) as object[]
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({ module: 'paint', isOn: true, values: {} })
  })

  test('MOD-172: a module works in all workspaces, in new ones, or where maintainers turn it on, and is off at once when they turn it off', async () => {
    const { url, token } = await serverWith([source('some', `enabledIn: 'some',`)])
    const ann = await owner({ url, token })
    await ann.request('tx', [createTask('t1', { title: 'a', description: 'plain' })])
    await expect(ann.request('some.hello', [])).rejects.toThrow('UnknownMethod')
    await ann.request('tx', [set('some', { isOn: true })])
    await ann.request('tx', [createTask('t2', { title: 'a', description: 'plain' })])
    expect(await ann.request('some.hello', [])).toBe('hello')
    await ann.request('tx', [set('some', { isOn: false })])
    await ann.request('tx', [createTask('t3', { title: 'a', description: 'plain' })])
    await expect(ann.request('some.hello', [])).rejects.toThrow('UnknownMethod')
    expect((await descriptions(ann)).toSorted()).toStrictEqual(['green in w1', 'plain', 'plain'])
  })

  test('MOD-173: a module for new workspaces is off in those that are older than it', async () => {
    const first = await serverWith([], { storage: 'embedded' })
    const old = await RawClient.open(first.url, first.token('ann', 'older'))
    await old.request('tx', [createTask('t1', { title: 'a', description: 'plain' })])
    await first.server.stop()
    const { url, token } = await serverWith([source('new', `enabledIn: 'new',`)], {
      storage: 'embedded',
      data: first.data,
    })
    const older = await RawClient.open(url, token('ann', 'older'))
    await expect(older.request('new.hello', [])).rejects.toThrow('UnknownMethod')
    const newer = await RawClient.open(url, token('ann', 'newer'))
    expect(await newer.request('new.hello', [])).toBe('hello')
  })

  test('MOD-174: stored settings that a later schema refuses give way to its defaults, and that is logged', async () => {
    const first = await serverWith([source('paint')], { storage: 'embedded' })
    const ann = await owner(first)
    await ann.request('tx', [set('paint', { 'values.color': 'crimson' })])
    await first.server.stop()
    const second = await serverWith([source('paint').replace('max(10)', 'max(5)')], {
      storage: 'embedded',
      data: first.data,
    })
    const again = await RawClient.open(second.url, second.token('ann'))
    await again.request('tx', [createTask('t1', { title: 'a' })])
    expect(await descriptions(again)).toStrictEqual(['green in w1'])
    expect(second.log.lines.some(({ message }) => message.includes('do not fit its schema'))).toBe(true)
  })
})
