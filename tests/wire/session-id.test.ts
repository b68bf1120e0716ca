import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitUntil } from '../support/wait-until.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer, type TestServer } from '../support/test-server.ts'

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

test('WIRE-40: a session id in use by the same account moves to the new connection', async (context) => {
  const { url, token } = await testServer(context)
  const older = await RawClient.open(url, token('ann'), {}, { sessionId })
  const newer = await RawClient.open(url, token('ann'), {}, { sessionId })
  assert.equal((await older.waitForClose()).code, 4200)
  assert.equal(reconnectOf(newer), true)
  assert.equal(await newer.request('ping'), 'pong!')
})

test('WIRE-41: a session id in use by another account is refused with alreadyConnected, and stays where it is', async (context) => {
  const { url, token } = await testServer(context)
  const first = await RawClient.open(url, token('ann'), {}, { sessionId })
  const second = new RawClient(url, token('bob'), { sessionId })
  assert.equal((await second.waitForClose()).code, 4201)
  const refusal = { id: -1, result: 'hello', binary: false, reconnect: false, alreadyConnected: true }
  assert.deepEqual(second.frames, [refusal])
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
