import { describe, expect, test } from '@jest/globals'
import type { Class, Ref, Space } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { Tx } from '../../model/transactions.ts'
import type { Cancel } from '../../client/runtime/environment.ts'
import { ClientError } from '../../client/runtime/errors.ts'
import { type ClientStore, MemoryStore } from '../../client/store/client-store.ts'
import { board } from '../../examples/board/model.ts'
import { ConnectionFixture } from '../support/connection-fixture.ts'
import { comment, createTask, updateTask } from '../support/transactions.ts'
import { ClientWorld, type Member } from './client-world.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { expectFor, satisfying } from '../support/expecting.ts'

const task = 'board:class:Task' as Ref<Class>
const comments = 'board:class:Comment' as Ref<Class>
const space = 'p' as Ref<Space>
const by = { by: 'account:ann' }

async function world(
  options: Parameters<ClientWorld['join']>[2] = {},
): Promise<{ made: ClientWorld; ann: Member }> {
  const made = new ClientWorld(31)
  const ann = made.join('ann', options.store === undefined, options)
  onTestEnd(async () => await made.end())
  await made.calm()
  return { made, ann }
}

const isCode = (code: string) => (error: unknown) =>
  (error instanceof ClientError && error.code === code) ||
  (error instanceof StatusError && error.status.code.endsWith(code))

describe('odd inputs of the client', () => {
  test('SDK-12: a callback can stop itself and others, repeat its query, and change its result', async () => {
    const { made, ann } = await world()
    const { client } = ann
    const told: Record<string, string[]> = { first: [], second: [], inner: [] }
    const show = (name: string, found: readonly { _id: string }[]) =>
      told[name]?.push(found.map(({ _id }) => _id).join(' '))
    let stopOther: Cancel = () => undefined
    let changes = 0
    const stopFirst: Cancel = client.query(task, {}, {}, (found) => {
      show('first', found)
      if (changes < 3) ann.send(createTask(`t${changes++}`, { title: 'x' }, by))
      if (found.length === 1) client.query(task, {}, {}, (inner) => show('inner', inner))
      if (found.length === 3) {
        stopOther()
        stopFirst()
      }
    })
    client.query(task, {}, {}, (found) => show('second', found))
    stopOther = client.query(task, {}, {}, () => undefined)
    await made.calm()
    ann.send(createTask('t9', { title: 'x' }, by))
    await made.calm()
    // Each result grows, and never shrinks.
    for (const shown of Object.values(told)) {
      const lengths = shown.map((ids) => ids.length)
      expectFor(JSON.stringify(told), lengths).toStrictEqual(lengths.toSorted((a, b) => a - b))
    }
    expect(told['first']?.at(-1)).toBe('t0 t1 t2')
    for (const name of ['second', 'inner']) expect(told[name]?.at(-1)).toBe('t0 t1 t2 t9')
  })

  test('SDK-15: a store that stops responding midway, or responds after the end, has no effect', async () => {
    const inner = new MemoryStore()
    let gate: Promise<void> | undefined
    let open: () => void = () => undefined
    const late =
      <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) =>
      async (...args: Args): Promise<T> => {
        await gate
        return await call(...args)
      }
    const store: ClientStore = {
      get: late((key) => inner.get(key)),
      set: late((key, value) => inner.set(key, value)),
      delete: late((key) => inner.delete(key)),
      entries: late((prefix) => inner.entries(prefix)),
    }
    const { made, ann } = await world({ store })
    const errors: unknown[] = []
    ann.client.onStoreError((error) => errors.push(error))
    gate = new Promise((resolve) => (open = resolve))
    const created = ann.client.createDoc(board.class.Task, space, { title: 'x' })
    await made.settled(created)
    expect(errors).toHaveLength(1)
    ann.client.terminate()
    open()
    await made.pass(10_000)
    expect(errors).toHaveLength(1)
  })

  test('SDK-31: a change that could not be removed from the store is sent again, and takes effect once', async () => {
    const inner = new MemoryStore()
    const store: ClientStore = {
      get: (key) => inner.get(key),
      set: (key, value) => inner.set(key, value),
      delete: async () => await Promise.reject(new Error('read-only')),
      // In random order, and some of them twice.
      entries: async (prefix) => {
        const found = await inner.entries(prefix)
        return [...found.toReversed(), ...found]
      },
    }
    const { made, ann } = await world({ store })
    await made.settled(ann.client.createDoc(board.class.Task, space, { title: 'x' }, 't1' as never))
    await made.settled(
      ann.client.updateDoc({ _id: 't1' as Ref, _class: task, space }, { $inc: { votes: 1 } }),
    )
    ann.client.terminate()
    made.members = []
    const next = made.join('ann', false, { store })
    const conflicts: unknown[] = []
    next.client.onConflict((conflict) => conflicts.push(conflict))
    await made.calm()
    const [found] = await made.settled(next.client.findAll(board.class.Task))
    expect([(found as { votes?: number } | undefined)?.votes, conflicts]).toStrictEqual([1, []])
  })

  test.each([
    ['nothing', undefined],
    ['a number', 7],
    ['an object', { token: 'x' }],
    ['a symbol', Symbol('secret')],
    ['a value that no header can hold', 'secret with spaces\r\nand lines'],
  ] as const)(
    'SDK-6: a getToken that returns %s is called again, and its return value is reported nowhere',
    async (_name, token) => {
      const { createNodeClient } = await import('../../client/node.ts')
      const { testServer } = await import('../support/test-server.ts')
      const { waitUntil } = await import('../support/wait-until.ts')
      const server = await testServer()
      const logged: string[] = []
      const log = (message: string, fields: object) => logged.push(`${message} ${JSON.stringify(fields)}`)
      let asked = 0
      const client = createNodeClient({
        url: server.url,
        getToken: () => (++asked <= 2 ? (token as never) : server.token('ann')),
        logger: { debug: log, warn: log },
      })
      onTestEnd(() => client.terminate())
      const reasons: string[] = []
      client.onConnectionState(({ lastClose }) => reasons.push(lastClose?.reason ?? ''))
      await client.ready({ timeout: 20_000 })
      await waitUntil(() => asked >= 3, 'another question')
      for (const line of [...logged, ...reasons]) expect(line).not.toMatch(/secret/)
    },
  )

  test('SDK-6: a token that takes longer to get than it lives does not keep the client out permanently', async () => {
    const fixture: ConnectionFixture = new ConnectionFixture({
      getToken: async ({ isFresh }) => {
        const token = fixture.token('ann')
        if (isFresh) await new Promise<void>((resolve) => fixture.time.setTimeout(resolve, 8000))
        return token
      },
    })
    fixture.tokenLife = 10
    fixture.connection.start()
    await fixture.until('ready')
    await fixture.time.advance(120_000)
    await fixture.until('ready')
    const { connectionCount } = fixture.connection.state
    expect(connectionCount).toBeGreaterThan(2)
    expect(connectionCount).toBeLessThan(30)
  })

  test('SDK-13: the limit is that of the current server, to the byte, for every kind of message', async () => {
    const fixture = new ConnectionFixture({
      flags: { maxPayload: '5000', outboxBytes: '4999', maxPush: '4998', maxTransaction: '4997' },
    })
    const { connection } = fixture
    connection.start()
    await fixture.until('ready')
    const sizeOf = (tx: Tx, id: number) => JSON.stringify({ id, method: 'tx', params: [tx] }).length
    const bare = createTask('t1', { title: '' }) as Tx
    const fill = 5000 - sizeOf(bare, 1)
    const [fits, exceeds] = [fill, fill + 1].map((length) => ({
      ...bare,
      attributes: { title: 'x'.repeat(length) },
    }))
    await fixture.settled(connection.request('tx', [fits]))
    await expect(fixture.settled(connection.request('tx', [exceeds]))).rejects.toThrow(
      satisfying(isCode('TooLarge')),
    )
    const large = { ...bare, _class: 'core:class:TxApplyIf', txes: [exceeds, exceeds] }
    await expect(fixture.settled(connection.request('tx', [large]))).rejects.toThrow(
      satisfying(isCode('TooLarge')),
    )
    const params = ['x'.repeat(6000)]
    await expect(fixture.settled(connection.request('board.any', params))).rejects.toThrow(
      satisfying(isCode('TooLarge')),
    )
    // The limit of the new server applies to a waiting request.
    const middling = connection.request('findAll', ['board:class:Task', { title: 'x'.repeat(3000) }])
    connection.reconnect('test')
    fixture.restartWith({ maxPayload: '2048' })
    await expect(fixture.settled(middling)).rejects.toThrow(satisfying(isCode('TooLarge')))
    expect(connection.state.phase).toBe('ready')
  })

  test('SDK-18: a network that changes constantly, or fails when it is queried, has no effect', async () => {
    let listener: (event: 'online' | 'offline' | 'visible') => void = () => undefined
    let isOnline: () => boolean = () => true
    const network = {
      isOnline: () => isOnline(),
      subscribe: (listen: typeof listener) => {
        listener = listen
        return () => {
          throw new Error('not subscribed')
        }
      },
    }
    const { made, ann } = await world({ network })
    for (let flap = 0; flap < 200; flap++) {
      isOnline = () => flap % 2 === 1
      listener(flap % 2 === 1 ? 'online' : 'offline')
      if (flap % 3 === 0) listener('visible')
      await made.pass(flap % 7)
    }
    await made.calm()
    isOnline = () => {
      throw new Error('unknown')
    }
    ann.client.stop()
    ann.client.restart()
    await made.calm()
    await made.settled(ann.client.createDoc(board.class.Task, space, { title: 'x' }))
  })

  test('SDK-19: a server that accepts connections and stays silent, or ends them at once, is left and found again', async () => {
    const fixture = new ConnectionFixture()
    const { connection, line, time } = fixture
    // A peer accepts the connection, and every message to it is lost.
    line.fault = () => 'lost'
    connection.start()
    await time.advance(120_000)
    expect(connection.state.retries).toBeGreaterThan(10)
    expect(connection.state.retries).toBeLessThan(200)
    line.fault = () => 'none'
    await fixture.until('ready', 5000)
  })

  test('SDK-28: unsent removals, mixins and limits show in queries with lookups too', async () => {
    const { made, ann } = await world()
    for (const at of [1, 2]) ann.send(createTask(`t${at}`, { title: `t${at}`, rank: `${at}` }, by))
    ann.send(comment('t1', 'c1', by))
    await made.calm()
    const remarks: string[] = []
    const carried = (docs: unknown) =>
      (docs as { _id: string; $lookup?: { remarks?: object[]; attachedTo?: { _id: string } } }[])
        .map(({ _id, $lookup }) => `${_id}:${$lookup?.remarks?.length ?? $lookup?.attachedTo?._id ?? '-'}`)
        .join(' ')
    const lookup = { _id: { remarks: [comments, 'attachedTo'] as [Ref<Class>, string] } }
    ann.client.query(task, {}, { lookup, sort: { rank: 1 }, limit: 2 }, (docs) => remarks.push(carried(docs)))
    const back: string[] = []
    ann.client.query(comments, {}, { lookup: { attachedTo: task } }, (docs) => back.push(carried(docs)))
    await made.calm()
    ann.client.stop()
    ann.send(createTask('t0', { title: 't0', rank: '0' }, by))
    expect(remarks.at(-1)).toBe('t0:0 t1:1')
    ann.send(createTask('t3', { title: 't3', rank: '3' }, by))
    expect(remarks.at(-1)).toBe('t0:0 t1:1')
    ann.send(updateTask('t1', { rank: '9' }, by))
    expect(remarks.at(-1)).toBe('t0:0 t2:0')
    const factory = await made.settled(ann.client.transactions())
    const place = { _id: 't1' as Ref, _class: task, space: 'p1' as Ref<Space> }
    ann.send(factory.mixin(place, board.mixin.Estimated as unknown as Ref<Class>, { hours: 1 }))
    expect(back.at(-1)).toBe('c1:t1')
    ann.send(factory.remove(place))
    expect(back.at(-1)).toBe('c1:-')
    ann.client.restart()
    await made.calm()
    // The attached documents were removed with it.
    expect(back.at(-1)).toBe('')
    expect(remarks.at(-1)).toBe('t0:0 t2:0')
  })

  test('SDK-37: a timeout that is over before the call, or an aborted signal, ends a call at once', async () => {
    const { made, ann } = await world()
    ann.client.pause()
    for (const timeout of [0, -5, Number.NaN])
      await expect(made.settled(ann.client.findAll(task, {}, {}, { timeout }))).rejects.toThrow(
        satisfying(isCode('timeout')),
      )
    const patient = [Infinity, 1e15].map((timeout) => ann.client.findAll(task, {}, {}, { timeout }))
    const aborted = AbortSignal.abort(new Error('before'))
    const calls: Promise<unknown>[] = [
      ann.client.createDoc(board.class.Task, space, { title: 'x' }, undefined, { signal: aborted }),
      ann.client.findAll(task, {}, {}, { signal: aborted, timeout: 5 }),
      ann.client.applyIf([], {}, { signal: aborted }),
    ]
    for (const outcome of await made.settled(Promise.allSettled(calls)))
      expect(String(outcome.status === 'rejected' && outcome.reason)).toMatch(/before/)
    await made.pass(60_000)
    ann.client.resume()
    await made.calm()
    for (const found of await Promise.all(patient)) expect(found.length).toBe(0)
    expect(await ann.store.entries('change/')).toStrictEqual([])
  })
})
