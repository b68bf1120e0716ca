import { describe, expect, test } from '@jest/globals'
import { createNodeClient } from '../../client/node.ts'
import { board } from '../../examples/board/model.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { RawClient } from '../support/raw-client.ts'
import { createTask, updateTask } from '../support/transactions.ts'
import type { Doc } from '../../model/documents.ts'
import { testServer } from '../support/test-server.ts'

const limited = (limit: string, retryAfter: number) => ({
  severity: 'ERROR',
  code: 'platform:status:RateLimited',
  params: { limit, retryAfter },
})

describe('rates of requests', () => {
  test('LIM-75: beyond its requests of a window an account is refused by id, and other accounts are not', async () => {
    const { url, token, time, server } = await testServer({ accountRequests: '5' }, { fakeTime: true })
    const [tab, other] = [
      await RawClient.open(url, token('ann')),
      await RawClient.open(url, token('ANN', 'w2')),
    ]
    const bob = await RawClient.open(url, token('bob'))
    for (let count = 0; count < 5; count++)
      expect((await (count % 2 === 0 ? tab : other).ask('getAccount')).error).toBeUndefined()
    const refused = limited('requests of an account', 30_000)
    expect((await tab.ask('getAccount')).error).toStrictEqual(refused)
    expect((await other.ask('noSuchMethod', [{ any: 'params' }])).error).toStrictEqual(refused)
    expect((await bob.ask('getAccount')).error).toBeUndefined()
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    expect(metrics).toContain('atrium_rate_limited_total{limit="requests of an account"} 2')
    await time.advance(30_000)
    expect((await tab.ask('getAccount')).error).toBeUndefined()
  })

  test('LIM-76: the system and tools have a limit of their own, and so may each session', async () => {
    const flags = { accountRequests: '4', systemRequests: '6', sessionRequests: '3' }
    const { url, token } = await testServer(flags, { fakeTime: true })
    const allowed = async (client: RawClient) => {
      let count = 0
      while ((await client.ask('getAccount')).error === undefined) count += 1
      return count
    }
    const ann = [await RawClient.open(url, token('ann')), await RawClient.open(url, token('ann'))]
    const system = [await RawClient.open(url, token('system')), await RawClient.open(url, token('system'))]
    const counts = []
    for (const client of [...ann, ...system]) counts.push(await allowed(client))
    // Each session may send 3; the account of ann 4, with the two refused requests among them.
    expect(counts).toStrictEqual([3, 1, 3, 3])
  })

  test('LIM-84: requests of one address, over HTTP too, and bytes of a session and of an address may have limits', async () => {
    const flags = { addressRequests: '4', sessionBytes: '4000' }
    const { url, token, server, time } = await testServer(flags, { fakeTime: true })
    const [ann, bob] = [await RawClient.open(url, token('ann')), await RawClient.open(url, token('bob'))]
    for (const client of [ann, bob, ann]) expect((await client.ask('getAccount')).error).toBeUndefined()
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
    const refused = await fetch(`${server.url}/health`)
    expect([refused.status, refused.headers.get('retry-after')]).toStrictEqual([429, '30'])
    expect((await bob.ask('getAccount')).error).toStrictEqual(limited('requests of an address', 30_000))
    await time.advance(31_000)
    await ann.ask('getAccount', ['x'.repeat(5000)])
    ann.send({ id: 'late', method: 'getAccount', params: [] })
    expect((await bob.ask('getAccount')).error).toBeUndefined()
    expect(ann.frames.some(({ id }) => id === 'late')).toBe(false)
    await time.advance(31_000)
    await ann.wait(({ id }) => id === 'late')
  })

  test('LIM-77: a ping beyond the rate is answered', async () => {
    const { url, token } = await testServer({ accountRequests: '1' }, { fakeTime: true })
    const ann = await RawClient.open(url, token('ann'))
    await ann.ask('getAccount')
    expect((await ann.ask('getAccount')).error?.code).toBe('platform:status:RateLimited')
    expect(await ann.request('ping')).toBe('pong!')
  })

  test('LIM-78: a client that goes on without waiting is not read until its time is over', async () => {
    const { url, token, time } = await testServer({ accountRequests: '10' }, { fakeTime: true })
    const ann = await RawClient.open(url, token('ann'))
    const bob = await RawClient.open(url, token('bob'))
    const count = 20_000
    const padding = ' '.repeat(100)
    for (let id = 1; id <= count; id++) ann.send({ id, method: 'getAccount', params: [padding] })
    await ann.wait(({ error }) => error !== undefined)
    expect(await bob.request('ping')).toBe('pong!')
    // What the socket had delivered at once is answered, and no more.
    expect(ann.frames.length).toBeLessThan(count / 4)
    while (ann.frames.length < count) await time.advance(1000)
  })

  test('LIM-79: beyond its bytes of a window an account is not read until it is over, and nothing is refused', async () => {
    const { url, token, time } = await testServer({ accountBytes: '1000000' }, { fakeTime: true })
    const ann = await RawClient.open(url, token('ann'))
    const bob = await RawClient.open(url, token('bob'))
    const padding = ' '.repeat(600_000)
    for (const id of [1, 2, 3]) {
      ann.send({ id, method: 'ping', params: [padding] })
      if (id < 3) await ann.wait((frame) => frame.id === id)
    }
    expect(await bob.request('ping')).toBe('pong!')
    expect(ann.frames.some(({ id }) => id === 3)).toBe(false)
    await time.advance(30_000)
    expect((await ann.wait(({ id }) => id === 3)).result).toBe('pong!')
  })
})

describe('the client at its rate', () => {
  test('LIM-82: the client waits and goes on, and its changes stay in order', async () => {
    const { url, token } = await testServer({ accountRequests: '20', rateWindow: '1s' })
    const client = createNodeClient({ url, getToken: () => token('ann') })
    onTestEnd(() => client.terminate())
    await client.ready()
    await client.tx(createTask('t0', { title: 'x', labels: [] }))
    const labels = Array.from({ length: 50 }, (_, at) => `label ${at}`)
    await Promise.all(
      labels.map(async (label) => await client.tx(updateTask('t0', { $push: { labels: label } }))),
    )
    const [task] = await client.findAll<Doc & { labels: string[] }>(board.class.Task, {})
    expect(task?.labels).toStrictEqual(labels)
  })
})
