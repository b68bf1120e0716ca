import assert from 'node:assert/strict'
import { test } from 'node:test'
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

/** Lets the server's time go on until the client has its hello. */
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

test('WIRE-40: a session id whose connection does not answer within a second moves to the new one of the same account', async (context) => {
  const server = await testServer(context, {}, { fakeTime: true })
  const { url, token, time } = server
  const older = await RawClient.open(url, token('ann'), {}, { sessionId })
  // Its line is cut, and the server has not been told.
  older.socket.pause()
  const began = time.monotonic()
  const newer = await hello(new RawClient(url, token('ann'), { sessionId }), server)
  assert.ok(time.monotonic() - began <= 1500, 'let in after about a second')
  assert.equal(reconnectOf(newer), true)
  assert.equal(await newer.request('ping'), 'pong!')
  older.socket.resume()
  assert.equal((await older.waitForClose()).code, 4200)
})

for (const binary of [false, true])
  test(`WIRE-208: a session id whose connection answers stays with it, and the new one is told alreadyConnected, binary: ${binary}`, async (context) => {
    const { url, token } = await testServer(context)
    const first = await RawClient.open(url, token('ann'), { binary }, { sessionId })
    for (let tab = 0; tab < 3; tab++) {
      const duplicate = new RawClient(url, token('ann'), { sessionId })
      assert.equal((await duplicate.waitForClose()).code, 4201)
      assert.deepEqual(duplicate.frames, [alreadyConnected])
    }
    const other = await RawClient.open(url, token('ann'), { binary }, { sessionId: 's2' })
    assert.equal(await other.request('ping'), 'pong!')
    assert.equal(await first.request('ping'), 'pong!')
    assert.equal(first.closed, undefined)
  })

test('WIRE-208: a client that knows no ping of the WebSocket protocol answers by the method', async (context) => {
  const { url, token } = await testServer(context, {}, { fakeTime: true })
  const first = await RawClient.open(url, token('ann'), {}, { sessionId })
  first.socket.pong = () => undefined
  void first.wait(({ result }) => result === 'ping').then(() => first.send({ id: 1, method: 'ping' }))
  const duplicate = new RawClient(url, token('ann'), { sessionId })
  assert.equal((await duplicate.waitForClose()).code, 4201)
  assert.equal(await first.request('ping'), 'pong!')
})

test('WIRE-208: of several that ask for a session id at once one has it, and none is put out', async (context) => {
  const server = await testServer(context, {}, { fakeTime: true })
  const { url, token } = server
  const cut = await RawClient.open(url, token('ann'), {}, { sessionId })
  cut.socket.pause()
  const clients = [1, 2, 3].map(() => new RawClient(url, token('ann'), { sessionId }))
  await Promise.all(clients.map(async (client) => await hello(client, server)))
  const refused = clients.filter(({ frames }) => frames[0]?.['alreadyConnected'] === true)
  assert.equal(refused.length, 2)
  for (const client of refused) assert.equal((await client.waitForClose()).code, 4201)
  const [kept] = clients.filter((client) => !refused.includes(client))
  assert.equal(await kept?.request('ping'), 'pong!')
  assert.equal(kept?.closed, undefined)
})

test('WIRE-208: who asks for a session id and goes away again before its connection was silent for a second changes nothing', async (context) => {
  const server = await testServer(context, {}, { fakeTime: true })
  const { url, token, time } = server
  const first = await RawClient.open(url, token('ann'), {}, { sessionId })
  first.socket.pause()
  const second = new RawClient(url, token('ann'), { sessionId })
  second.socket.once('open', () => second.socket.terminate())
  await second.waitForClose()
  await waitUntil(() => server.server.inspect().sessions === 1, 'the second session going')
  await time.advance(2000)
  first.socket.resume()
  assert.equal(await first.request('ping'), 'pong!')
})

test('WIRE-208: a connection that closes while it is asked makes room at once', async (context) => {
  const server = await testServer(context, {}, { fakeTime: true })
  const { url, token, time } = server
  const first = await RawClient.open(url, token('ann'), {}, { sessionId })
  first.socket.pause()
  const second = new RawClient(url, token('ann'), { sessionId })
  second.socket.once('open', () => second.send({ method: 'hello', params: [], id: -1 }))
  await waitUntil(() => server.server.inspect().sessions === 2, 'the second session coming')
  const before = time.monotonic()
  first.socket.terminate()
  await second.wait(({ result }) => result === 'hello')
  assert.equal(time.monotonic(), before)
  assert.equal(second.frames[0]?.['reconnect'], true)
})

test('WIRE-41: a session id in use by another account is refused with alreadyConnected, and stays where it is', async (context) => {
  const { url, token } = await testServer(context)
  const first = await RawClient.open(url, token('ann'), {}, { sessionId })
  const second = new RawClient(url, token('bob'), { sessionId })
  assert.equal((await second.waitForClose()).code, 4201)
  assert.deepEqual(second.frames, [alreadyConnected])
  assert.equal(await first.request('ping'), 'pong!')
  const elsewhere = await RawClient.open(url, token('bob', 'w2'), {}, { sessionId })
  assert.equal(await elsewhere.request('ping'), 'pong!')
  assert.equal(first.closed, undefined)
})

test('WIRE-42: who comes back within the reconnect window is told so, and later is not', async (context) => {
  const server = await testServer(context, {}, { fakeTime: true })
  const { url, token, time } = server
  const first = await RawClient.open(url, token('ann'), {}, { sessionId })
  assert.equal(reconnectOf(first), false)
  await first.close()
  await gone(server)
  await time.advance(29_000)
  const second = await RawClient.open(url, token('ann'), {}, { sessionId })
  assert.equal(reconnectOf(second), true)
  await second.close()
  await gone(server)
  await time.advance(30_200)
  const third = await RawClient.open(url, token('ann'), {}, { sessionId })
  assert.equal(reconnectOf(third), false)
})

test('WIRE-43: nobody takes up where another account was', async (context) => {
  const server = await testServer(context)
  const first = await RawClient.open(server.url, server.token('ann'), {}, { sessionId })
  await first.close()
  await gone(server)
  const second = await RawClient.open(server.url, server.token('bob'), {}, { sessionId })
  assert.equal(reconnectOf(second), false)
})

test('WIRE-44: without a session id, or with a blank one, each connection is a session of its own', async (context) => {
  const { url, token } = await testServer(context)
  const clients = await Promise.all(
    ['', '%20', undefined, undefined].map(
      async (id) => await RawClient.open(url, token('ann'), {}, id === undefined ? {} : { sessionId: id }),
    ),
  )
  for (const client of clients) {
    assert.equal(reconnectOf(client), false)
    assert.equal(await client.request('ping'), 'pong!')
  }
})

for (const claims of [{ mode: 'backup' }, { mode: 'backup', model: 'upgrade' }] as const)
  test(`WIRE-214: a tool that comes back while its old line is half open goes on with its walk and its restore, ${JSON.stringify(claims)}`, async (context) => {
    const server = await testServer(context, { storage: 'embedded' }, { fakeTime: true })
    const { url, token, time } = server
    const user = await RawClient.open(url, token('ann'))
    for (const id of ['t1', 't2'])
      await user.request('tx', [createTask(id, { title: id, description: 'x'.repeat(2_500_000) })])
    const tool = await hello(new RawClient(url, token('tool', 'w1', claims), { sessionId }), server)
    await user.close()
    await waitUntil(() => server.server.inspect().sessions === 1, 'the tool being alone')
    // Not idle any more.
    await time.advance(61_000)
    const start = (await tool.request('loadChunk', ['task'])) as { idx: number; finished: boolean }
    assert.equal(start.finished, false)
    const logged = (await tool.request('loadChunk', ['tx'])) as { docs: { id: string }[] }
    const txes = await tool.request('loadDocs', ['tx', logged.docs.map(({ id }) => id)])
    await tool.request('upload', ['tx', txes])
    tool.socket.pause()
    const again = await hello(new RawClient(url, token('tool', 'w1', claims), { sessionId }), server)
    const next = (await again.request('loadChunk', ['task', start.idx])) as { docs: { id: string }[] }
    assert.equal(next.docs.length, 1)
    // The log is taken in when the last tool has left.
    await again.close()
    await waitUntil(async () => {
      await time.advance(100)
      return server.server.inspect().workspaces === 0
    }, 'the workspace closing')
    const back = await hello(new RawClient(url, token('ann')), server)
    assert.deepEqual(await back.request('tx', [createTask('t3', { title: 'x' })]), {})
  })
