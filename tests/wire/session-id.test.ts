import { describe, expect, test } from '@jest/globals'
import { waitUntil } from '../support/wait-until.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer, type TestServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'

const sessionId = 's1'

/** The server knows that the session is over. */
async function gone({ server, token }: TestServer): Promise<void> {
  const headers = { authorization: `Bearer ${token('ann')}` }
  await waitUntil(async () => {
    const answer = await fetch(`${server.url}/api/v1/statistics`, { headers })
    return ((await answer.json()) as { sessions: number }).sessions === 0
  }, 'no session is left')
}

const reconnectOf = (client: RawClient) =>
  client.frames.find(({ result }) => result === 'hello')?.['reconnect']

/** Advances the server’s time until the client has its hello. */
async function hello(client: RawClient, { time }: TestServer): Promise<RawClient> {
  client.socket.once('open', () => client.send({ method: 'hello', params: [], id: -1 }))
  await waitUntil(async () => {
    await time.advance(100)
    return client.frames.some(({ result }) => result === 'hello')
  }, 'an answer to hello')
  return client
}

const alreadyConnected = {
  id: -1,
  result: 'hello',
  binary: false,
  reconnect: false,
  alreadyConnected: true,
}

describe('session ids', () => {
  test('WIRE-40: a session id whose connection does not respond within a second moves to the new connection of the same account', async () => {
    const server = await testServer({}, { fakeTime: true })
    const { url, token, time } = server
    const older = await RawClient.open(url, token('ann'), {}, { sessionId })
    // Its connection is cut, and the server has not been notified.
    older.socket.pause()
    const began = time.monotonic()
    const newer = await hello(new RawClient(url, token('ann'), { sessionId }), server)
    // Admitted after about a second.
    expect(time.monotonic() - began).toBeLessThanOrEqual(1500)
    expect(reconnectOf(newer)).toBe(true)
    expect(await newer.request('ping')).toBe('pong!')
    older.socket.resume()
    expect((await older.waitForClose()).code).toBe(4200)
  })

  test.each([false, true])(
    'WIRE-208: a session id whose connection responds stays with it, and the new connection is told alreadyConnected, binary: %s',
    async (binary) => {
      const { url, token } = await testServer()
      const first = await RawClient.open(url, token('ann'), { binary }, { sessionId })
      for (let tab = 0; tab < 3; tab++) {
        const duplicate = new RawClient(url, token('ann'), { sessionId })
        expect((await duplicate.waitForClose()).code).toBe(4201)
        expect(duplicate.frames).toStrictEqual([alreadyConnected])
      }
      const other = await RawClient.open(url, token('ann'), { binary }, { sessionId: 's2' })
      expect(await other.request('ping')).toBe('pong!')
      expect(await first.request('ping')).toBe('pong!')
      expect(first.closed).toBeUndefined()
    },
  )

  test('WIRE-208: a client that does not answer pings of the WebSocket protocol responds to the ping message', async () => {
    const { url, token } = await testServer({}, { fakeTime: true })
    const first = await RawClient.open(url, token('ann'), {}, { sessionId })
    first.socket.pong = () => undefined
    void first.wait(({ result }) => result === 'ping').then(() => first.send({ id: 1, method: 'ping' }))
    const duplicate = new RawClient(url, token('ann'), { sessionId })
    expect((await duplicate.waitForClose()).code).toBe(4201)
    expect(await first.request('ping')).toBe('pong!')
  })

  test('WIRE-208: of several connections that request a session id at once, one gets it, and none is closed', async () => {
    const server = await testServer({}, { fakeTime: true })
    const { url, token } = server
    const cut = await RawClient.open(url, token('ann'), {}, { sessionId })
    cut.socket.pause()
    const clients = [1, 2, 3].map(() => new RawClient(url, token('ann'), { sessionId }))
    await Promise.all(clients.map(async (client) => await hello(client, server)))
    const refused = clients.filter(({ frames }) => frames[0]?.['alreadyConnected'] === true)
    expect(refused).toHaveLength(2)
    for (const client of refused) expect((await client.waitForClose()).code).toBe(4201)
    const [kept] = clients.filter((client) => !refused.includes(client))
    expect(await kept?.request('ping')).toBe('pong!')
    expect(kept?.closed).toBeUndefined()
  })

  test('WIRE-208: a connection that requests a session id and leaves within a second changes nothing', async () => {
    const server = await testServer({}, { fakeTime: true })
    const { url, token, time } = server
    const first = await RawClient.open(url, token('ann'), {}, { sessionId })
    first.socket.pause()
    const second = new RawClient(url, token('ann'), { sessionId })
    second.socket.once('open', () => second.socket.terminate())
    await second.waitForClose()
    await waitUntil(() => server.server.inspect().sessions === 1, 'the second session going')
    await time.advance(2000)
    first.socket.resume()
    expect(await first.request('ping')).toBe('pong!')
  })

  test('WIRE-208: a connection that closes while it is pinged releases its session id at once', async () => {
    const server = await testServer({}, { fakeTime: true })
    const { url, token, time } = server
    const first = await RawClient.open(url, token('ann'), {}, { sessionId })
    first.socket.pause()
    const second = new RawClient(url, token('ann'), { sessionId })
    second.socket.once('open', () => second.send({ method: 'hello', params: [], id: -1 }))
    await waitUntil(() => server.server.inspect().sessions === 2, 'the second session coming')
    const before = time.monotonic()
    first.socket.terminate()
    await second.wait(({ result }) => result === 'hello')
    expect(time.monotonic()).toBe(before)
    expect(second.frames[0]?.['reconnect']).toBe(true)
  })

  test('WIRE-41: a session id that another account holds is refused with alreadyConnected, and stays with its connection', async () => {
    const { url, token } = await testServer()
    const first = await RawClient.open(url, token('ann'), {}, { sessionId })
    const second = new RawClient(url, token('bob'), { sessionId })
    expect((await second.waitForClose()).code).toBe(4201)
    expect(second.frames).toStrictEqual([alreadyConnected])
    expect(await first.request('ping')).toBe('pong!')
    const elsewhere = await RawClient.open(url, token('bob', 'w2'), {}, { sessionId })
    expect(await elsewhere.request('ping')).toBe('pong!')
    expect(first.closed).toBeUndefined()
  })

  test('WIRE-42: a client that comes back within the reconnect window is told `reconnect: true`, and later `false`', async () => {
    const server = await testServer({}, { fakeTime: true })
    const { url, token, time } = server
    const first = await RawClient.open(url, token('ann'), {}, { sessionId })
    expect(reconnectOf(first)).toBe(false)
    await first.close()
    await gone(server)
    await time.advance(29_000)
    const second = await RawClient.open(url, token('ann'), {}, { sessionId })
    expect(reconnectOf(second)).toBe(true)
    await second.close()
    await gone(server)
    await time.advance(30_200)
    const third = await RawClient.open(url, token('ann'), {}, { sessionId })
    expect(reconnectOf(third)).toBe(false)
  })

  test('WIRE-43: a session of one account is never continued by another account', async () => {
    const server = await testServer()
    const first = await RawClient.open(server.url, server.token('ann'), {}, { sessionId })
    await first.close()
    await gone(server)
    const second = await RawClient.open(server.url, server.token('bob'), {}, { sessionId })
    expect(reconnectOf(second)).toBe(false)
  })

  test('WIRE-44: without a session id, or with a blank one, each connection is a session of its own', async () => {
    const { url, token } = await testServer()
    const clients = await Promise.all(
      ['', '%20', undefined, undefined].map(
        async (id) => await RawClient.open(url, token('ann'), {}, id === undefined ? {} : { sessionId: id }),
      ),
    )
    for (const client of clients) {
      expect(reconnectOf(client)).toBe(false)
      expect(await client.request('ping')).toBe('pong!')
    }
  })

  test.each([{ mode: 'backup' }, { mode: 'backup', model: 'upgrade' }] as const)(
    'WIRE-214: a tool that reconnects while its old connection is half open continues its scan and its restore, %j',
    async (claims) => {
      const server = await testServer({ storage: 'embedded' }, { fakeTime: true })
      const { url, token, time } = server
      const user = await RawClient.open(url, token('ann'))
      for (const id of ['t1', 't2'])
        await user.request('tx', [createTask(id, { title: id, description: 'x'.repeat(2_500_000) })])
      const tool = await hello(new RawClient(url, token('tool', 'w1', claims), { sessionId }), server)
      await user.close()
      await waitUntil(() => server.server.inspect().sessions === 1, 'the tool being alone')
      // No longer idle.
      await time.advance(61_000)
      const start = (await tool.request('loadChunk', ['task'])) as { idx: number; finished: boolean }
      expect(start.finished).toBe(false)
      const logged = (await tool.request('loadChunk', ['tx'])) as { docs: { id: string }[] }
      const txes = await tool.request('loadDocs', ['tx', logged.docs.map(({ id }) => id)])
      await tool.request('upload', ['tx', txes])
      tool.socket.pause()
      const again = await hello(new RawClient(url, token('tool', 'w1', claims), { sessionId }), server)
      const next = (await again.request('loadChunk', ['task', start.idx])) as { docs: { id: string }[] }
      expect(next.docs).toHaveLength(1)
      // The log takes effect when the last tool has left.
      await again.close()
      await waitUntil(async () => {
        await time.advance(100)
        return server.server.inspect().workspaces === 0
      }, 'the workspace closing')
      const back = await hello(new RawClient(url, token('ann')), server)
      expect(await back.request('tx', [createTask('t3', { title: 'x' })])).toStrictEqual({})
    },
  )
})
