import { describe, expect, test } from '@jest/globals'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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
import { onTestEnd } from '../support/on-test-end.ts'
import { expectFor } from '../support/expecting.ts'

const task = 'board:class:Task' as Ref<Class>
const space = 'p' as Ref<Space>
const hangs = () => new Promise<never>(() => undefined)
const throws = () => {
  throw new Error('synchronously')
}
const rejects = async () => await Promise.reject(new Error('no room'))

const create = (client: Client, title: string) => client.createDoc(board.class.Task, space, { title })

/** A store over another one, with some calls replaced. */
const over = (store: ClientStore, calls: Partial<ClientStore>): ClientStore => ({
  get: (key) => store.get(key),
  set: (key, value) => store.set(key, value),
  delete: (key) => store.delete(key),
  entries: (prefix) => store.entries(prefix),
  ...calls,
})

function world(store: ClientStore): { made: ClientWorld; ann: Member; errors: string[] } {
  const made = new ClientWorld(9)
  const ann = made.join('ann', false, { store })
  onTestEnd(async () => {
    await made.end()
    // A timer is left.
    expect(made.time.waiting).toBe(0)
  })
  const errors: string[] = []
  ann.client.onStoreError((error) => errors.push(String(error)))
  return { made, ann, errors }
}

const memory = new MemoryStore()
describe('stores that do not respond', () => {
  test.each([
    ['that never responds', { get: hangs, set: hangs, delete: hangs, entries: hangs }, /within 5000 ms/],
    ['whose writes never settle', { set: hangs, delete: hangs }, /within 5000 ms/],
    ['whose removals never settle', { delete: hangs }, /within 5000 ms/],
    [
      'that throws synchronously',
      { get: throws, set: throws, delete: throws, entries: throws },
      /synchronously/,
    ],
    ['that rejects', { get: rejects, set: rejects, delete: rejects, entries: rejects }, /no room/],
    ['whose entries are invalid', { entries: (() => Promise.resolve('what')) as never }, /no entries/],
    ['whose entries are not pairs', { entries: (() => Promise.resolve([1, null])) as never }, /no entries/],
  ] as const)(
    'SDK-15: with a store %s a client continues after five seconds, and reports it',
    async (_name, calls, expected) => {
      const { made, ann, errors } = world(over(memory, calls))
      for (let step = 0; step < 52; step++) await made.pass(100)
      expect(ann.client.connectionState().phase).toBe('ready')
      await made.settled(ann.client.ready())
      await made.settled(create(ann.client, 'a'))
      // From now on no call waits for the store.
      const before = made.time.now()
      const id = await made.settled(create(ann.client, 'b'))
      expect(made.time.now() - before).toBeLessThan(1000)
      expect((await made.settled(ann.client.findOne(task, { _id: id })))?._id).toBe(id)
      expect(errors[0] ?? '').toMatch(expected)
      // A store that does not respond is reported once.
      if (expected.source.includes('5000')) expect(errors).toHaveLength(1)
    },
  )

  test('SDK-15: changes made while the store did not respond are written when it does', async () => {
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
    const { made, ann, errors } = world(late)
    for (let second = 0; second < 7; second++) await made.pass(1000)
    await made.settled(create(ann.client, 'answered'))
    ann.client.stop()
    create(ann.client, 'unsent').catch(() => undefined)
    const given = create(ann.client, 'given up')
    given.catch(() => undefined)
    await made.pass(100)
    expect(await inner.entries('change/')).toStrictEqual([])
    release()
    await made.pass(100)
    const kept = async () =>
      (await inner.entries('change/')).map(
        ([, tx]) => (tx as { attributes: { title: string } }).attributes.title,
      )
    expect(await kept()).toStrictEqual(['unsent', 'given up'])
    expect(errors).toHaveLength(1)
    ann.client.restart()
    await made.calm()
    expect(await kept()).toStrictEqual([])
    const found = await made.settled(ann.client.findAll(board.class.Task, {}, { sort: { title: 1 } }))
    expect(found.map(({ title }) => title)).toStrictEqual(['answered', 'given up', 'unsent'])
  })

  test('SDK-16: a damaged entry is left out and reported, and the others are used', async () => {
    const store = new MemoryStore()
    const made = new ClientWorld(9)
    const ann = made.join('ann', false, { store })
    onTestEnd(async () => await made.end())
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
    expect(found.map(({ title }) => title)).toStrictEqual(['a', 'c'])
    for (const name of ['account', 'model', 'change/x0', 'change/x4', second?.[0] ?? ''])
      expectFor(`${name}: ${errors.join(', ')}`, errors).toContain(
        `Error: the store's entry ${name} is damaged`,
      )
  })

  test('SDK-16: all changes of a file are sent except for a damaged line', async () => {
    const { url, token } = await testServer()
    const path = join(await temporaryFolder(), 'ann.atrium')
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
    onTestEnd(async () => {
      client.terminate()
      await store.close()
    })
    const errors: string[] = []
    client.onStoreError((error) => errors.push(String(error)))
    await waitUntil(async () => (await store.entries('change/')).length === 0, 'nothing unsent')
    const found = await client.findAll(board.class.Task, {}, { sort: { title: 1 } })
    expect(found.map(({ title }) => title)).toStrictEqual(['a', 'c'])
    expect(errors.join()).toMatch(/ann\.atrium has 1 damaged lines/)
  })

  /** A store with a change of an earlier run, which does not return its entries until it is released. */
  async function leftBehind() {
    const store = new MemoryStore()
    const made = new ClientWorld(9)
    onTestEnd(async () => await made.end())
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

  /** The next run over the store, and the conflicts that are reported to it. */
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

  test('SDK-82: a change that the store reports too late is sent when nothing was changed meanwhile', async () => {
    const { made, store, silent, release } = await leftBehind()
    const { client, conflicts } = live(made, silent)
    for (let second = 0; second < 7; second++) await made.pass(1000)
    expect(await titleOf(made, client)).toBe('x')
    release()
    await made.calm()
    expect(await titleOf(made, client)).toBe('old')
    expect([conflicts, await store.entries('change')]).toStrictEqual([[], []])
  })

  test('SDK-82: a change that the store reports after newer changes were made is a conflict, and is not sent', async () => {
    const { made, store, silent, release } = await leftBehind()
    const { client, conflicts } = live(made, silent)
    for (let second = 0; second < 7; second++) await made.pass(1000)
    await made.settled(client.updateDoc(place, { title: 'new' }))
    release()
    await made.calm()
    expect(conflicts).toStrictEqual(overtaken)
    expect(await titleOf(made, client)).toBe('new')
    expect(await store.entries('change')).toStrictEqual([])
  })

  test.each([
    ['does not tell of', { entries: hangs }],
    ['fails to tell of', { entries: rejects }],
    ['does not answer at the start to tell of', { get: hangs, entries: hangs }],
  ] as const)(
    'SDK-83: a change that the store %s in one run is a conflict in the next, when newer changes were made',
    async (name, calls) => {
      const { made, store } = await leftBehind()
      const blind = live(made, over(store, calls))
      for (let second = 0; second < 7; second++) await made.pass(1000)
      await made.settled(blind.client.updateDoc(place, { title: 'new' }))
      // Whether the server has this one is unknown too.
      blind.client.stop()
      blind.client.updateDoc(place, { title: 'newer' }).catch(() => undefined)
      await made.pass(100)
      blind.client.terminate()
      made.members = []
      const { client, conflicts } = live(made, store)
      await made.calm()
      expect(conflicts).toStrictEqual(overtaken)
      // A change that was made after the mark and is stored is sent.
      expect(await titleOf(made, client)).toBe(name === 'fails to tell of' ? 'newer' : 'new')
      expect(await store.entries('change')).toStrictEqual([])
    },
  )

  test('SDK-83: without newer changes the next run sends a change that the store did not report', async () => {
    const { made, store } = await leftBehind()
    const blind = live(made, over(store, { entries: hangs }))
    for (let second = 0; second < 7; second++) await made.pass(1000)
    blind.client.terminate()
    made.members = []
    const { client, conflicts } = live(made, store)
    await made.calm()
    expect([await titleOf(made, client), conflicts]).toStrictEqual(['old', []])
  })
})
