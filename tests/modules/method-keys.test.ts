import { describe, expect, test } from '@jest/globals'
import { createClient } from '../../client/client.ts'
import { dialNode } from '../../client/node.ts'
import { ClientError } from '../../client/runtime/errors.ts'
import { cuttingProxy } from '../services/cutting-proxy.ts'
import { gate } from '../support/gate.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { RawClient } from '../support/raw-client.ts'
import { runs } from '../support/scripted-module.ts'
import { testServer } from '../support/test-server.ts'
import { TEST_SPACES } from '../support/test-server.ts'
import { respond, SCRIPTED, scriptedServer, session2, vote, votesOf } from './calling.ts'

const UNKNOWN = 'platform:status:OutcomeUnknown'

describe('calls with a key', () => {
  test('MOD-60: a call that is sent again after its connection was cut returns its first result, and runs once', async () => {
    const made = await scriptedServer()
    let count = 0
    const held = gate()
    runs(async (call) => {
      count += 1
      await vote(call)
      await held.pass()
      return { run: count }
    })
    const { client, instance } = await session2(made)
    client.send({ id: 1, method: 'scripted.run', params: ['a'], key: 'k' })
    await held.reached
    client.socket.terminate()
    const again = { instance, age: 5 }
    const next = await session2(made)
    // The first run goes on, and the second call waits for it.
    next.client.send({ id: 2, method: 'scripted.run', params: ['a'], key: 'k', again })
    expect(await next.client.request('ping')).toBe('pong!')
    held.open()
    expect((await next.client.wait(({ id }) => id === 2)).result).toStrictEqual({ run: 1 })
    const third = await respond(next.client, { id: 3, params: ['a'], key: 'k', again })
    expect(third.result).toStrictEqual({ run: 1 })
    expect([count, await votesOf(next.client)]).toStrictEqual([1, 1])
  })

  test('MOD-61: the error of a call is its outcome too', async () => {
    const made = await scriptedServer()
    let count = 0
    runs(async (call) => {
      count += 1
      await vote(call)
      return await call.commit([
        call.factory.remove({ _id: 'x' as never, _class: 'no:class:X' as never, space: 'p' as never }),
      ])
    })
    const { client } = await session2(made)
    const first = await respond(client, { id: 1, key: 'k' })
    const second = await respond(client, { id: 2, key: 'k' })
    expect(first.error?.code).toBe('core:status:UnknownClass')
    expect(second.error).toStrictEqual(first.error)
    expect([count, await votesOf(client)]).toStrictEqual([1, 1])
  })

  test('MOD-62: after a restart a call that has committed returns its stored result, and one that may have run is not run', async () => {
    const first = await scriptedServer({ storage: 'embedded' })
    let count = 0
    runs(async (call, votes) => {
      count += 1
      if (votes === true) await vote(call)
      return { run: count }
    })
    const { client, instance } = await session2(first)
    await respond(client, { id: 1, params: [true], key: 'voting' })
    await respond(client, { id: 2, params: [false], key: 'reading' })
    await first.server.stop()
    const modules = `board,${TEST_SPACES},${SCRIPTED}`
    const second = await testServer({ storage: 'embedded', data: first.data, modules })
    const later = await session2(second)
    expect(later.instance).not.toBe(instance)
    const again = { instance, age: 1000 }
    const voted = await respond(later.client, { id: 1, params: [true], key: 'voting', again })
    expect(voted.result).toStrictEqual({ run: 1 })
    const read = await respond(later.client, { id: 2, params: [false], key: 'reading', again })
    expect([read.error?.code, read.error?.params]).toStrictEqual([
      UNKNOWN,
      { method: 'scripted.run', committed: false },
    ])
    // It is not sent again: it runs.
    expect((await respond(later.client, { id: 3, params: [false], key: 'new' })).result).toStrictEqual({
      run: 3,
    })
    expect([count, await votesOf(later.client)]).toStrictEqual([3, 1])
  })

  test('MOD-63: an idempotent method runs again, and so does a call that never arrived', async () => {
    const made = await scriptedServer()
    let count = 0
    runs(() => (count += 1))
    const { client, instance } = await session2(made)
    const unknown = { instance: 'of before', age: 1 }
    for (const id of [1, 2])
      expect(
        (await respond(client, { id, method: 'scripted.repeat', key: 'k', again: unknown })).result,
      ).toBe(id)
    expect((await respond(client, { id: 3, key: 'k', again: unknown })).error?.code).toBe(UNKNOWN)
    expect((await respond(client, { id: 4, key: 'k', again: { instance, age: 1 } })).result).toBe(3)
  })

  test('MOD-64: a key belongs to its account and to one call', async () => {
    const made = await scriptedServer()
    let count = 0
    runs(() => (count += 1))
    const ann = await session2(made)
    const bob = await session2(made, 'bob')
    expect((await respond(ann.client, { id: 1, params: ['a'], key: 'k' })).result).toBe(1)
    expect((await respond(bob.client, { id: 1, params: ['a'], key: 'k' })).result).toBe(2)
    const other = await respond(ann.client, { id: 2, params: ['b'], key: 'k' })
    expect(other.error?.code).toBe('platform:status:BadRequest')
    for (const key of ['', 5, 'x'.repeat(129)])
      expect((await respond(ann.client, { id: 3, key })).error?.code).toBe('platform:status:BadRequest')
  })

  test('MOD-65: only the system and administrators see outcomes', async () => {
    const made = await scriptedServer()
    runs(async (call) => {
      await vote(call)
      return 'private'
    })
    const { client } = await session2(made)
    await respond(client, { id: 1, key: 'k' })
    const find = (asking: RawClient) => asking.request('findAll', ['module:class:CallOutcome', {}])
    const admin = await RawClient.open(made.url, made.token('root', 'w1', { admin: 'true' }))
    let found: unknown[] = []
    while (found.length === 0) found = [...((await find(admin)) as unknown[])]
    expect(found).toMatchObject([{ method: 'scripted.run', outcome: { result: 'private' } }])
    expect(await find(client)).toHaveLength(0)
    const bob = await RawClient.open(made.url, made.token('bob'))
    expect(await find(bob)).toHaveLength(0)
    expect(JSON.stringify(await bob.request('findAll', ['core:class:Tx', {}]))).not.toContain('private')
  })

  test('MOD-66: without a key each call that arrives runs, and so does one with the key field of protocol 1', async () => {
    const made = await scriptedServer()
    let count = 0
    runs(() => (count += 1))
    const { client } = await session2(made)
    for (const id of [1, 2]) expect((await respond(client, { id })).result).toBe(id)
    const old = await RawClient.open(made.url, made.token('ann'))
    for (const id of [3, 4]) expect((await respond(old, { id, key: 'k' })).result).toBe(id)
  })
})

describe('calls of the client', () => {
  test('MOD-67: the client sends a call again with its key, and gets the result of its one run', async () => {
    const made = await scriptedServer()
    const proxy = await cuttingProxy(made.server.url)
    let count = 0
    const held = gate()
    runs(async (call) => {
      count += 1
      await vote(call)
      await held.pass()
      return count
    })
    const client = createClient({
      url: made.url.replace(/:\d+$/, `:${proxy.port}`),
      getToken: () => made.token('ann'),
      dial: dialNode,
    })
    onTestEnd(async () => {
      client.terminate()
      await proxy.close()
    })
    const called = client.call('scripted.run')
    await held.reached
    proxy.cut()
    // Its request was sent on the next connection.
    await client.findAll('board:class:Task' as never)
    held.open()
    expect(await called).toBe(1)
    const reader = await RawClient.open(made.url, made.token('ann'))
    expect([count, await votesOf(reader)]).toStrictEqual([1, 1])
  })

  test('MOD-68: a call of the client whose outcome is unknown is rejected as uncertain', async () => {
    const first = await scriptedServer({ storage: 'embedded', stopTimeout: '1' })
    const proxy = await cuttingProxy(first.server.url)
    const held = gate()
    let count = 0
    runs(async () => {
      count += 1
      await held.pass()
    })
    let port = String(proxy.port)
    const client = createClient({
      url: first.url.replace(/:\d+$/, `:${port}`),
      getToken: () => first.token('ann'),
      dial: (url, protocols) => dialNode(url.replace(/:\d+\//, `:${port}/`), protocols),
    })
    onTestEnd(async () => {
      client.terminate()
      await proxy.close()
    })
    const called = client.call('scripted.run').catch((error: unknown) => error)
    await held.reached
    proxy.refuse(true)
    await first.server.stop()
    const modules = `board,${TEST_SPACES},${SCRIPTED}`
    const second = await testServer({ storage: 'embedded', data: first.data, modules })
    port = new URL(second.server.url).port
    const error = await called
    expect(error).toBeInstanceOf(ClientError)
    expect([(error as ClientError).code, (error as ClientError).status?.code]).toStrictEqual([
      'uncertain',
      UNKNOWN,
    ])
    expect(count).toBe(1)
    held.open()
  })
})
