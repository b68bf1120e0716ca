import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Class, Ref, Space } from '../../model/documents.ts'
import type { TxUpdateDoc } from '../../model/transactions.ts'
import type { Client } from '../../client/client.ts'
import { createNodeClient, fileStore } from '../../client/node.ts'
import { type ClientStore, MemoryStore } from '../../client/store/client-store.ts'
import { board, type Task } from '../../examples/board/model.ts'
import { temporaryFolder } from '../support/executable.ts'
import { testServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'
import { ClientWorld, type Member } from './client-world.ts'

const task = 'board:class:Task' as Ref<Class>
const space = 'p' as Ref<Space>
const hangs = () => new Promise<never>(() => undefined)
const throws = () => {
  throw new Error('synchronously')
}
const rejects = async () => await Promise.reject(new Error('no room'))

const create = (client: Client, title: string) => client.createDoc(board.class.Task, space, { title })

/** A store over another one, some calls of which are something else. */
const over = (store: ClientStore, calls: Partial<ClientStore>): ClientStore => ({
  get: (key) => store.get(key),
  set: (key, value) => store.set(key, value),
  delete: (key) => store.delete(key),
  entries: (prefix) => store.entries(prefix),
  ...calls,
})

function world(
  context: TestContext,
  store: ClientStore,
): { made: ClientWorld; ann: Member; errors: string[] } {
  const made = new ClientWorld(9)
  const ann = made.join('ann', false, { store })
  context.after(async () => {
    await made.end()
    assert.equal(made.time.waiting, 0, 'a timer is left')
  })
  const errors: string[] = []
  ann.client.onStoreError((error) => errors.push(String(error)))
  return { made, ann, errors }
}

const memory = new MemoryStore()
for (const [name, calls, expected] of [
  ['that never answers', { get: hangs, set: hangs, delete: hangs, entries: hangs }, /within 5000 ms/],
  ['whose writes never settle', { set: hangs, delete: hangs }, /within 5000 ms/],
  ['whose removals never settle', { delete: hangs }, /within 5000 ms/],
  [
    'that throws synchronously',
    { get: throws, set: throws, delete: throws, entries: throws },
    /synchronously/,
  ],
  ['that rejects', { get: rejects, set: rejects, delete: rejects, entries: rejects }, /no room/],
  ['whose entries are none', { entries: (() => Promise.resolve('what')) as never }, /no entries/],
  ['whose entries are no pairs', { entries: (() => Promise.resolve([1, null])) as never }, /no entries/],
] as const)
  test(`SDK-15: with a store ${name} a client goes on after five seconds, and tells`, async (context) => {
    const { made, ann, errors } = world(context, over(memory, calls))
    for (let step = 0; step < 52; step++) await made.pass(100)
    assert.equal(ann.client.connectionState().phase, 'ready')
    await made.settled(ann.client.ready())
    await made.settled(create(ann.client, 'a'))
    // From now on nothing is waited for.
    const before = made.time.now()
    const id = await made.settled(create(ann.client, 'b'))
    assert.ok(made.time.now() - before < 1000)
    assert.equal((await made.settled(ann.client.findOne(task, { _id: id })))?._id, id)
    assert.match(errors[0] ?? '', expected)
    // One that does not answer is told of once.
    if (expected.source.includes('5000')) assert.equal(errors.length, 1)
  })

test('SDK-15: what changed while the store did not answer is written when it does', async (context) => {
  const inner = new MemoryStore()
  let release: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (release = resolve))
  const late = over(inner, {
    get: async (key) => {
      await gate
      return await inner.get(key)
    },
    entries: async (prefix) => {
      await gate
      return await inner.entries(prefix)
    },
  })
  const { made, ann, errors } = world(context, late)
  for (let second = 0; second < 7; second++) await made.pass(1000)
  await made.settled(create(ann.client, 'answered'))
  ann.client.stop()
  create(ann.client, 'unsent').catch(() => undefined)
  const given = create(ann.client, 'given up')
  given.catch(() => undefined)
  await made.pass(100)
  assert.deepEqual(await inner.entries('change/'), [])
  release()
  await made.pass(100)
  const kept = async () =>
    (await inner.entries('change/')).map(
      ([, tx]) => (tx as { attributes: { title: string } }).attributes.title,
    )
  assert.deepEqual(await kept(), ['unsent', 'given up'])
  assert.equal(errors.length, 1)
  ann.client.restart()
  await made.calm()
  assert.deepEqual(await kept(), [])
  const found = await made.settled(ann.client.findAll(board.class.Task, {}, { sort: { title: 1 } }))
  assert.deepEqual(
    found.map(({ title }) => title),
    ['answered', 'given up', 'unsent'],
  )
})

test('SDK-16: a damaged entry is left out and told of; the others are used', async (context) => {
  const store = new MemoryStore()
  const made = new ClientWorld(9)
  const ann = made.join('ann', false, { store })
  context.after(async () => await made.end())
  await made.calm()
  ann.client.stop()
  for (const title of ['a', 'b', 'c']) create(ann.client, title).catch(() => undefined)
  await made.pass(2000)
  ann.client.terminate()
  const [, second] = await store.entries('change/')
  for (const [at, damage] of [null, 'x', 5, {}, []].entries()) {
    if (second !== undefined) await store.set(second[0], damage)
    await store.set(`change/x${at}`, damage)
  }
  const model = (await store.get('model')) as { transactions: object[]; hash: string }
  await store.set('model', { ...model, transactions: [...model.transactions.slice(1), 7] })
  await store.set('account', { not: 'an id' })
  const errors: string[] = []
  made.members = []
  const next = made.join('ann', false, { store })
  next.client.onStoreError((error) => errors.push(String(error)))
  await made.calm()
  await made.settled(next.client.ready())
  const found = await made.settled(next.client.findAll(board.class.Task, {}, { sort: { title: 1 } }))
  assert.deepEqual(
    found.map(({ title }) => title),
    ['a', 'c'],
  )
  for (const name of ['account', 'model', 'change/x0', 'change/x4', second?.[0] ?? ''])
    assert.ok(errors.includes(`Error: the store's entry ${name} is damaged`), `${name}: ${errors.join(', ')}`)
})

test('SDK-16: of a file with a damaged line everything else is sent', async (context) => {
  const { url, token } = await testServer(context)
  const path = join(await temporaryFolder(context), 'ann.atrium')
  const getToken = () => token('ann')
  const first = fileStore(path)
  const offline = createNodeClient({
    url: 'ws://127.0.0.1:1',
    getToken,
    store: first,
    account: 'account:ann' as never,
  })
  for (const title of ['a', 'b', 'c']) create(offline, title).catch(() => undefined)
  await waitUntil(async () => (await first.entries('change/')).length === 3, 'three kept changes')
  offline.terminate()
  await first.close()
  const lines = (await readFile(path, 'utf8')).split('\n')
  await writeFile(path, lines.map((line) => (line.includes('"b"') ? line.slice(0, -9) : line)).join('\n'))

  const store = fileStore(path)
  const client = createNodeClient({ url, getToken, store })
  context.after(async () => {
    client.terminate()
    await store.close()
  })
  const errors: string[] = []
  client.onStoreError((error) => errors.push(String(error)))
  await waitUntil(async () => (await store.entries('change/')).length === 0, 'nothing unsent')
  const found = await client.findAll(board.class.Task, {}, { sort: { title: 1 } })
  assert.deepEqual(
    found.map(({ title }) => title),
    ['a', 'c'],
  )
  assert.match(errors.join(), /ann\.atrium has 1 damaged lines/)
})

/** A store that holds a change of an earlier life, and does not tell what it holds until it is released. */
async function leftBehind(context: TestContext) {
  const store = new MemoryStore()
  const made = new ClientWorld(9)
  context.after(async () => await made.end())
  const first = made.join('ann', false, { store })
  await made.calm()
  await made.settled(first.client.createDoc(board.class.Task, space, { title: 'x' }, 't' as never))
  await made.pass(2000)
  first.client.stop()
  first.client.updateDoc(place, { title: 'old' }).catch(() => undefined)
  await made.pass(100)
  first.client.terminate()
  made.members = []
  let release: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (release = resolve))
  const silent = over(store, {
    entries: async (prefix) => {
      await gate
      return await store.entries(prefix)
    },
  })
  return { made, store, silent, release: () => release() }
}

const place = { _id: 't' as Ref<Task>, _class: board.class.Task, space }

/** The next life over the store, and what it is told of as conflicts. */
function live(made: ClientWorld, store: ClientStore): { client: Client; conflicts: string[] } {
  const { client } = made.join('ann', false, { store })
  const conflicts: string[] = []
  client.onConflict(({ tx, error }) => {
    const { title } = (tx as TxUpdateDoc).operations as { title?: string }
    conflicts.push(`${title} ${error.status.code}`)
  })
  return { client, conflicts }
}

const titleOf = async (made: ClientWorld, client: Client) =>
  (await made.settled(client.findOne(board.class.Task, { _id: place._id })))?.title
const overtaken = ['old platform:status:Overtaken']

test('SDK-82: a change that the store tells of too late is sent then, when nothing was changed meanwhile', async (context) => {
  const { made, store, silent, release } = await leftBehind(context)
  const { client, conflicts } = live(made, silent)
  for (let second = 0; second < 7; second++) await made.pass(1000)
  assert.equal(await titleOf(made, client), 'x')
  release()
  await made.calm()
  assert.equal(await titleOf(made, client), 'old')
  assert.deepEqual([conflicts, await store.entries('change')], [[], []])
})

test('SDK-82: a change that the store tells of after newer ones were made is a conflict, and is not sent', async (context) => {
  const { made, store, silent, release } = await leftBehind(context)
  const { client, conflicts } = live(made, silent)
  for (let second = 0; second < 7; second++) await made.pass(1000)
  await made.settled(client.updateDoc(place, { title: 'new' }))
  release()
  await made.calm()
  assert.deepEqual(conflicts, overtaken)
  assert.equal(await titleOf(made, client), 'new')
  assert.deepEqual(await store.entries('change'), [])
})

for (const [name, calls] of [
  ['does not tell of', { entries: hangs }],
  ['fails to tell of', { entries: rejects }],
  ['does not answer at the start to tell of', { get: hangs, entries: hangs }],
] as const)
  test(`SDK-83: a change that the store ${name} in one life is a conflict in the next, when newer ones were made`, async (context) => {
    const { made, store } = await leftBehind(context)
    const blind = live(made, over(store, calls))
    for (let second = 0; second < 7; second++) await made.pass(1000)
    await made.settled(blind.client.updateDoc(place, { title: 'new' }))
    // Of this one it is not known either whether the server has it.
    blind.client.stop()
    blind.client.updateDoc(place, { title: 'newer' }).catch(() => undefined)
    await made.pass(100)
    blind.client.terminate()
    made.members = []
    const { client, conflicts } = live(made, store)
    await made.calm()
    assert.deepEqual(conflicts, overtaken)
    // What was made after the mark and came into the store is sent.
    assert.equal(await titleOf(made, client), name === 'fails to tell of' ? 'newer' : 'new')
    assert.deepEqual(await store.entries('change'), [])
  })

test('SDK-83: without newer changes the next life sends what the store did not tell of', async (context) => {
  const { made, store } = await leftBehind(context)
  const blind = live(made, over(store, { entries: hangs }))
  for (let second = 0; second < 7; second++) await made.pass(1000)
  blind.client.terminate()
  made.members = []
  const { client, conflicts } = live(made, store)
  await made.calm()
  assert.deepEqual([await titleOf(made, client), conflicts], ['old', []])
})
