import { expect, test } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../model/clock.ts'
import { board, boardModel } from '../../examples/board/model.ts'
import { core } from '../../model/identifiers.ts'
import type { Ref, Class, Doc } from '../../model/documents.ts'
import type { Tx } from '../../model/transactions.ts'
import { systemCaller, type Caller } from '../../pipeline/shared/caller.ts'
import { openWorkspace } from '../../pipeline/open-workspace.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { createMongoStorage } from '../../storage/mongodb/storage.ts'
import type { Storage } from '../../storage/contract.ts'
import { modelOf } from '../../server/modules/load-modules.ts'
import { withMongo } from '../services/with-mongo.ts'
import { RawClient } from '../support/raw-client.ts'
import { ann, bob, caller, modulePipeline } from '../support/test-pipeline.ts'
import { TEST_SECRET, TEST_SPACES, TestLog, testServer } from '../support/test-server.ts'
import testSpaces, { testAccounts } from '../support/test-spaces.ts'
import { change, createTask, updateTask } from '../support/transactions.ts'
import { create, space, update } from './members.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const { Task } = board.class

test('AUTH-11: a transaction that a trigger adds as the sender is bound by the sender’s permissions, and one that it adds as the system by none', async () => {
  const added = { as: 'bySender' as 'bySender' | 'bySystem' }
  const { pipeline, find } = await modulePipeline({
    triggers: [
      {
        kind: 'sync',
        name: 'touch-hidden',
        on: { classes: [Task], transactions: [core.class.TxUpdateDoc] },
        run: async (context, { objectId }) => {
          const hidden = await context.get(Task, 'hidden' as Ref)
          if (objectId === 'hidden' || hidden === undefined) return []
          return [context[added.as].update(hidden, { title: 'touched' })]
        },
      },
    ],
  })
  await pipeline.tx(ann, space('own', true, ['account:ann']) as Tx)
  await pipeline.tx(ann, createTask('hidden', { title: 'untouched' }, { space: 'own' }))
  await pipeline.tx(bob, createTask('open', { title: 'x' }, { by: 'account:bob' }))
  const attempt = () => pipeline.tx(bob, updateTask('open', { rank: 'x' }, { by: 'account:bob' }))
  const title = async () =>
    (await find(Task, { _id: 'hidden' as Ref }))[0] as { title?: string; modifiedBy?: string }
  await expect(attempt()).rejects.toThrow(/ObjectNotFound/)
  expect((await title()).title).toBe('untouched')
  added.as = 'bySystem'
  await attempt()
  const { title: now, modifiedBy } = await title()
  expect([now, modifiedBy]).toStrictEqual(['touched', core.account.System])
})

const withBoard = [{ model: boardModel }, testSpaces, { model: testAccounts('ann', 'bob') }]
const withoutBoard = [{ model: testAccounts('ann', 'bob') }]

async function opened(storage: Storage, modules: typeof withBoard, id = 'w1') {
  const log = new TestLog()
  const pipeline = await openWorkspace({
    id,
    storage,
    base: modelOf(modules),
    clock: { now: systemClock.now },
    logger: log,
    committed: () => undefined,
  })
  return { pipeline, log }
}

async function hidesUnknown(storage: Storage): Promise<void> {
  const id = `unknown-${process.pid}-${systemClock.now()}`
  try {
    const { pipeline: whole } = await opened(storage, withBoard, id)
    const project = { ...space('own', true, ['account:ann']), objectClass: 'board:class:Project' }
    await whole.tx(ann, project as unknown as Tx)
    await whole.tx(ann, createTask('t1', { title: 'a secret word' }, { space: 'own' }))
    const note = { task: 't1', assignedBy: 'account:bob' }
    await whole.tx(ann, create('n1', 'board:class:Notification', note, { space: 'core:space:Space' }) as Tx)
    const label = { name: 'label', description: '', private: false, members: [], archived: false }
    await whole.tx(ann, create('pub', 'core:class:Space', label, { space: 'core:space:Space' }) as Tx)
    await whole.close()
    const { pipeline, log } = await opened(storage, withoutBoard, id)
    const [warning] = log.lines.filter(({ level }) => level === 'warn')
    expect(String(warning?.message)).toMatch(/unknown classes/)
    expect((warning?.fields as { classes?: string[] } | undefined)?.classes).toStrictEqual([
      'board:class:Notification',
      'board:class:Project',
      'board:class:Task',
    ])
    for (const who of [ann, bob]) {
      expect(await idsOf(pipeline, who, 'core:class:Space')).toStrictEqual(['pub'])
      const logged = (await idsOf(pipeline, who, 'core:class:TxCUD')).length
      // The log shows entries of known classes.
      expect(logged).toBe(1)
      expect((await pipeline.searchFulltext(who, { query: 'secret' }, {})).docs).toStrictEqual([])
      await expect(pipeline.tx(who, updateOf('own', { private: false }, who))).rejects.toThrow(
        /ObjectNotFound/,
      )
      await expect(
        pipeline.tx(who, updateOf('own', { private: false }, who, 'board:class:Project')),
      ).rejects.toThrow(/UnknownClass/)
    }
    expect(await idsOf(pipeline, systemCaller, 'core:class:TxCUD')).toHaveLength(4)
    await pipeline.close()
    const { pipeline: again } = await opened(storage, withBoard, id)
    expect(await idsOf(again, ann, Task)).toStrictEqual(['t1'])
    expect(await idsOf(again, bob, Task)).toStrictEqual([])
    await again.close()
  } finally {
    await storage.close()
  }
}

function updateOf(id: string, operations: object, who: Caller, _class = 'core:class:Space'): Tx {
  return { ...update(id, _class, operations), modifiedBy: who.account } as unknown as Tx
}

async function idsOf(pipeline: Pipeline, who: Caller, _class: string): Promise<string[]> {
  const found = (await pipeline.find(who, { _class: _class as Ref<Class>, query: {}, options: {} })) as Doc[]
  return found.map(({ _id }) => _id).sort()
}

const unknown =
  'AUTH-14: documents of unknown classes are visible to the system and administrators only, and the opening reports them'

test(`${unknown} (memory)`, async () => {
  await hidesUnknown(createMemoryStorage())
})

test(`${unknown} (embedded)`, async () => {
  await hidesUnknown(createSqliteStorage({ directory: await folder() }))
})

await withMongo(({ url }) => {
  test(`${unknown} (mongodb)`, async () => {
    await hidesUnknown(createMongoStorage({ url }))
  })
})

async function folder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'atrium-authority-'))
  onTestEnd(async () => await rm(directory, { recursive: true, force: true }))
  return directory
}

test('AUTH-15: a workspace with a broken model opens, is read-only for people, and is repaired by an administrator', async () => {
  const server = await testServer({ storage: 'embedded' })
  const orphan = create(
    'shop:class:Orphan',
    'core:class:Class',
    { kind: 0, label: 'x', extends: 'gone:class:Base' },
    { space: 'core:space:Model' },
  )
  const before = await RawClient.open(server.url, server.token('ann'))
  await before.request('tx', [createTask('t1', { title: 'x' })])
  const tool = await RawClient.open(server.url, server.token('tool', 'w1', { mode: 'backup' }))
  await tool.request('upload', ['tx', [orphan]])
  await tool.close()
  await before.waitForClose()
  const person = await RawClient.open(server.url, server.token('ann'))
  expect((await person.request('findAll', [Task, {}])) as unknown[]).toHaveLength(1)
  const refusal = await person.ask('tx', [createTask('t2', { title: 'x' })])
  expect(refusal.error?.code).toBe('platform:status:WorkspaceBroken')
  expect(String(refusal.error?.params['message'])).toMatch(/gone:class:Base/)
  const admin = await RawClient.open(server.url, server.token('root', 'w1', { admin: 'true' }))
  await admin.request('tx', [createTask('t3', { title: 'x' }, { by: 'account:root' })])
  const repair = await RawClient.open(server.url, server.token('tool', 'w1', { mode: 'backup' }))
  await repair.request('clean', ['tx', [(orphan as { _id: string })._id]])
  await repair.close()
  await person.waitForClose()
  const again = await RawClient.open(server.url, server.token('ann'))
  expect(await again.request('tx', [createTask('t4', { title: 'x' })])).toStrictEqual({})
})

test('AUTH-15: a workspace whose migration fails admits administrators and tools, and does not prevent the start of a server', async () => {
  const path = join(await folder(), 'failing.mjs')
  const source = `export default { name: 'failing', model: [], migrations: [{ name: 'fails', run: () => { throw new Error('no') } }] }`
  await writeFile(path, source)
  const data = await folder()
  const server = await testServer({
    storage: 'embedded',
    data,
    demo: '1',
    secret: TEST_SECRET,
    modules: `board,${TEST_SPACES},${path}`,
  })
  const refused = new RawClient(server.url, server.token('ann'))
  const { error } = await refused.wait((frame) => frame.error !== undefined)
  expect(error?.code).toBe('platform:status:MigrationFailed')
  for (const claims of [
    { admin: 'true' as const },
    { mode: 'backup' as const },
    { model: 'upgrade' as const },
  ]) {
    const repairs = await RawClient.open(server.url, server.token('root', 'w1', claims))
    expect(Array.isArray(await repairs.request('findAll', [Task, {}]))).toBe(true)
    await repairs.close()
  }
  const admin = await RawClient.open(server.url, server.token('root', 'demo', { admin: 'true' }))
  expect(Array.isArray(await admin.request('findAll', [Task, {}]))).toBe(true)
})

test('AUTH-3: changes of module declarations that an older version accepted have no effect', async () => {
  const storage = createMemoryStorage()
  const { pipeline } = await opened(storage, withBoard)
  await pipeline.tx(
    ann,
    create('mine', 'core:class:Preference', { theme: 'x' }, { space: 'core:space:Space' }) as Tx,
  )
  const attacks = [
    change(
      'core:class:TxUpdateDoc',
      'core:class:Preference',
      'core:class:Class',
      { space: 'core:space:Model' },
      { operations: { $unset: { visibleTo: '' } } },
    ),
    change(
      'core:class:TxUpdateDoc',
      Task,
      'core:class:Configuration',
      { space: 'core:space:Model' },
      { operations: { domain: 'elsewhere' } },
    ),
    change(
      'core:class:TxRemoveDoc',
      'module:class:TriggerCursor',
      'core:class:Class',
      { space: 'core:space:Model' },
      {},
    ),
  ]
  const { hash } = pipeline.model
  await pipeline.restoring.upload('tx', attacks)
  await pipeline.close()
  const { pipeline: again, log } = await opened(storage, withBoard)
  expect(log.lines.filter(({ message }) => message === 'a model transaction is left out')).toHaveLength(3)
  expect(again.flaws).toStrictEqual([])
  expect(again.model.hash).toBe(hash)
  expect(await idsOf(again, bob, 'core:class:Preference')).toStrictEqual([])
  expect(await idsOf(again, ann, 'core:class:Preference')).toStrictEqual(['mine'])
  expect(await idsOf(again, caller('root', { admin: true }), 'core:class:Preference')).toStrictEqual(['mine'])
  await again.close()
})
