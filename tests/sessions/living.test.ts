import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Tokens } from '../../server/auth/tokens.ts'
import { RawClient } from '../support/raw-client.ts'
import { createTask } from '../support/transactions.ts'
import { TEST_SECRET, testServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'

const MINUTE = 60_000

test('SRV-11: a session whose socket misses two pongs is ended, one that answers lives on without requests', async (t) => {
  const { url, token, time, server } = await testServer(t, { pingInterval: '10' }, { fakeTime: true })
  const alive = await RawClient.open(url, token('ann'))
  const silent = await RawClient.open(url, token('bob'))
  silent.socket.pause()
  for (let beat = 0; beat < 5; beat++) {
    const pinged = new Promise((resolve) => alive.socket.once('ping', resolve))
    await time.advance(10_000)
    await pinged
    const served = await alive.ask('ping')
    assert.equal(served.result, 'pong!')
  }
  await waitUntil(() => server.inspect().sessions === 1, 'the silent session ending')
  silent.socket.terminate()
})

test('SRV-70: a date that is set back keeps no dead line alive, nor set ahead ends one that lives', async (t) => {
  const { url, token, time, server } = await testServer(t, { pingInterval: '10' }, { fakeTime: true })
  const alive = await RawClient.open(url, token('ann'))
  const silent = await RawClient.open(url, token('bob'))
  silent.socket.pause()
  for (const step of [-3_600_000, 0, 7_200_000, 0, 0]) {
    time.setDate(step)
    const pinged = new Promise((resolve) => alive.socket.once('ping', resolve))
    await time.advance(10_000)
    await pinged
    assert.equal((await alive.ask('ping')).result, 'pong!')
  }
  await waitUntil(() => server.inspect().sessions === 1, 'the silent session ending')
  silent.socket.terminate()
})

test('SRV-12: a client that sent nothing since the last ping gets the protocol’s own ping too', async (t) => {
  const { url, token, time } = await testServer(t, { pingInterval: '10' }, { fakeTime: true })
  const client = await RawClient.open(url, token('ann'))
  await client.request('ping')
  await time.advance(10_000)
  assert.equal(
    client.frames.some(({ result }) => result === 'ping'),
    false,
  )
  await time.advance(10_000)
  await client.wait(({ result, id }) => result === 'ping' && id === undefined)
})

test('SRV-13: the system’s tools are pinged a tenth as often', async (t) => {
  const { url, token, time } = await testServer(t, { pingInterval: '10' }, { fakeTime: true })
  const tool = await RawClient.open(url, token('system'))
  let pings = 0
  tool.socket.on('ping', () => (pings += 1))
  await time.advance(95_000)
  await tool.request('ping')
  assert.equal(pings, 0)
  await time.advance(5100)
  await tool.request('ping')
  assert.equal(pings, 1)
})

test('SRV-14: a token that expires while connected closes the session with its code, unless it was renewed', async (t) => {
  const { url, time } = await testServer(t, {}, { fakeTime: true })
  const tokens = new Tokens(TEST_SECRET, time.now)
  const [first, second] = [
    tokens.sign({ email: 'ann', workspace: 'w1' }, 60),
    tokens.sign({ email: 'bob', workspace: 'w1' }, 60),
  ]
  const ann = await RawClient.open(url, first)
  const bob = await RawClient.open(url, second)
  const renewed = tokens.sign({ email: 'ann', workspace: 'w1' }, 600)
  assert.equal(await ann.request('authenticate', [renewed]), true)
  await assert.rejects(
    ann.request('authenticate', [tokens.sign({ email: 'bob', workspace: 'w1' })]),
    /Forbidden/,
  )
  await time.advance(61_000)
  assert.equal((await bob.waitForClose()).code, 4101)
  assert.equal(await ann.request('ping'), 'pong!')
  await time.advance(600_000)
  assert.equal((await ann.waitForClose()).code, 4101)
})

test('SRV-15: a user is online with the first session and offline when the window after the last one is over', async (t) => {
  const { url, token, time } = await testServer(t, { reconnectWindow: '30' }, { fakeTime: true })
  const watcher = await RawClient.open(url, token('watcher'))
  const status = async () =>
    (
      (await watcher.request('findAll', ['core:class:UserStatus', { user: 'account:ann' }])) as {
        online: boolean
      }[]
    ).map(({ online }) => online)
  const first = await RawClient.open(url, token('ann'))
  const second = await RawClient.open(url, token('ann'))
  await watcher.waitForPush((tx) => JSON.stringify(tx).includes('account:ann'))
  assert.deepEqual(await status(), [true])
  await first.close()
  await time.advance(40_000)
  assert.deepEqual(await status(), [true])
  await second.close()
  await time.advance(20_000)
  assert.deepEqual(await status(), [true])
  const back = await RawClient.open(url, token('ann'))
  await time.advance(60_000)
  assert.deepEqual(await status(), [true])
  await back.close()
  await time.advance(31_000)
  const offline = (tx: Record<string, unknown>) =>
    (tx['operations'] as { online?: boolean } | undefined)?.online === false
  await watcher.waitForPush(offline)
  assert.deepEqual(await status(), [false])
})

test('SRV-16: statistics count the current minute, the last five and all, by the clock', async (t) => {
  const { url, token, time, server } = await testServer(t, {}, { fakeTime: true })
  const client = await RawClient.open(url, token('ann'), {}, { sessionId: 's1' })
  const facts = async () => {
    const answer = await fetch(`${server.url}/api/v1/workspaces/w1/sessions`, {
      headers: { authorization: `Bearer ${token('root', '', { admin: 'true' })}` },
    })
    const [{ current, mins5, total }] = (await answer.json()) as [
      Record<string, { find: number; tx: number }>,
    ]
    return [current, mins5, total].map((counts) => [counts?.find, counts?.tx])
  }
  await client.request('findAll', ['board:class:Task', {}])
  await client.request('tx', [createTask('t1', { title: 'x' })])
  assert.deepEqual(await facts(), [
    [1, 1],
    [1, 1],
    [1, 1],
  ])
  await time.advance(MINUTE)
  await client.request('findAll', ['board:class:Task', {}])
  assert.deepEqual(await facts(), [
    [1, 0],
    [2, 1],
    [2, 1],
  ])
  time.jump(10 * MINUTE)
  assert.deepEqual(await facts(), [
    [0, 0],
    [0, 0],
    [2, 1],
  ])
  await fetch(`${server.url}/api/v1/manage?operation=wipe-statistics`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token('root', '', { admin: 'true' })}` },
  })
  assert.deepEqual(await facts(), [
    [0, 0],
    [0, 0],
    [0, 0],
  ])
})

test('SRV-17: a reader that never drains is closed with 1013, and nobody else notices', async (t) => {
  const { url, token } = await testServer(t, { outboxBytes: '2000000' })
  const stuck = await RawClient.open(url, token('bob'))
  const writer = await RawClient.open(url, token('ann'))
  stuck.socket.pause()
  const text = 'x'.repeat(200_000)
  let closed = false
  void stuck.waitForClose().then(() => (closed = true))
  for (let at = 0; at < 80; at++)
    await writer.request('tx', [createTask(`t${at}`, { title: 'x', description: text })])
  stuck.socket.resume()
  const { code, reason } = await stuck.waitForClose()
  assert.deepEqual([code, reason], [1013, 'too much waits for a slow reader'])
  assert.equal(closed, true)
  assert.equal(
    ((await writer.request('findAll', ['board:class:Task', {}, { limit: 5 }])) as unknown[]).length,
    5,
  )
})

test('SRV-18: many requests of one session run at once within a bound, and slow ones do not hold others up', async (t) => {
  const { url, token } = await testServer(t, { concurrentRequests: '4' })
  const client = await RawClient.open(url, token('ann'))
  await client.request('tx', [createTask('t1', { title: 'x' })])
  const ids = Array.from({ length: 500 }, (_, at) => at)
  for (const id of ids)
    client.send({
      id,
      method: id % 2 === 0 ? 'ping' : 'findAll',
      params: ['board:class:Task', { title: `x${id}` }],
    })
  await client.wait(({ id }) => id === 499)
  const answered = new Set(client.frames.map(({ id }) => id))
  assert.equal(
    ids.every((id) => answered.has(id)),
    true,
  )
  const own = client.frames.filter(({ id }) => typeof id === 'number' && id >= 0 && id < 500)
  assert.equal(
    own.every(({ error }) => error === undefined),
    true,
  )
})

test('SRV-19: the answer comes before the push of the same transaction', async (t) => {
  const { url, token } = await testServer(t)
  const client = await RawClient.open(url, token('ann'))
  for (let at = 0; at < 100; at++)
    client.send({ id: at, method: 'tx', params: [createTask(`t${at}`, { title: 'x' })] })
  await client.waitForPush((tx) => tx['objectId'] === 't99')
  for (let at = 0; at < 100; at++) {
    const answer = client.frames.findIndex(({ id }) => id === at)
    const push = client.frames.findIndex(
      ({ id, result }) => id === undefined && JSON.stringify(result).includes(`"t${at}"`),
    )
    assert.ok(answer >= 0 && answer < push, `t${at}: answer ${answer}, push ${push}`)
  }
})

test('SRV-20: a long answer is cut into chunks between which other answers come, held back while the socket is full', async (t) => {
  const { url, token } = await testServer(t, { chunkCount: '10', chunkBytes: '1024' })
  const client = await RawClient.open(url, token('ann'))
  const text = 'y'.repeat(20_000)
  await Promise.all(
    Array.from(
      { length: 200 },
      async (_, at) => await client.request('tx', [createTask(`t${at}`, { title: 'x', description: text })]),
    ),
  )
  client.socket.pause()
  client.send({ id: 1, method: 'findAll', params: ['board:class:Task', {}, { total: true }] })
  client.send({ id: 2, method: 'ping', params: [] })
  client.socket.resume()
  await client.wait(({ id, chunk }) => id === 1 && chunk?.final === true)
  const order = client.frames
    .map(({ id, chunk }) => (id === 1 ? chunk?.index : id === 2 ? 'ping' : undefined))
    .filter((each) => each !== undefined)
  assert.equal(order.filter((each) => typeof each === 'number').length, 200)
  assert.ok(order.indexOf('ping') < order.length - 1, 'the ping waited for the whole answer')
  const last = client.frames.find(({ id, chunk }) => id === 1 && chunk?.final === true)?.result as {
    total: number
  }
  assert.equal(last.total, 200)
})

test('SRV-21: a measure tells the server’s milliseconds between its two calls, and is gone with its session', async (t) => {
  const { url, token } = await testServer(t)
  const client = await RawClient.open(url, token('ann'))
  assert.equal(await client.request('measure', ['op']), 'started')
  await client.request('tx', [createTask('t1', { title: 'x' })])
  const spent = (await client.request('measure-done', ['op'])) as number
  assert.ok(spent > 0 && spent < 10_000)
  await assert.rejects(client.request('measure-done', ['op']), /BadRequest/)
  await client.request('measure', ['op'])
  await client.close()
  const again = await RawClient.open(url, token('ann'))
  await assert.rejects(again.request('measure-done', ['op']), /BadRequest/)
})
