import { describe, expect, test } from '@jest/globals'
import { Tokens } from '../../server/auth/tokens.ts'
import { RawClient } from '../support/raw-client.ts'
import { createTask } from '../support/transactions.ts'
import { TEST_SECRET, testServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'
import { expectFor } from '../support/expecting.ts'

const MINUTE = 60_000

describe('living sessions', () => {
  test('SRV-11: a session whose socket misses two pongs is ended, and one that responds lives on without requests', async () => {
    const { url, token, time, server } = await testServer({ pingInterval: '10' }, { fakeTime: true })
    const alive = await RawClient.open(url, token('ann'))
    const silent = await RawClient.open(url, token('bob'))
    silent.socket.pause()
    for (let beat = 0; beat < 5; beat++) {
      const pinged = new Promise((resolve) => alive.socket.once('ping', resolve))
      await time.advance(10_000)
      await pinged
      const served = await alive.ask('ping')
      expect(served.result).toBe('pong!')
    }
    await waitUntil(() => server.inspect().sessions === 1, 'the silent session ending')
    silent.socket.terminate()
  })

  test('SRV-70: a clock that is set back keeps no dead connection, and one that is set ahead ends no live one', async () => {
    const { url, token, time, server } = await testServer({ pingInterval: '10' }, { fakeTime: true })
    const alive = await RawClient.open(url, token('ann'))
    const silent = await RawClient.open(url, token('bob'))
    silent.socket.pause()
    for (const step of [-3_600_000, 0, 7_200_000, 0, 0]) {
      time.setDate(step)
      const pinged = new Promise((resolve) => alive.socket.once('ping', resolve))
      await time.advance(10_000)
      await pinged
      expect((await alive.ask('ping')).result).toBe('pong!')
    }
    await waitUntil(() => server.inspect().sessions === 1, 'the silent session ending')
    silent.socket.terminate()
  })

  test('SRV-12: a client that sent nothing since the last ping is also pinged by a message of the protocol', async () => {
    const { url, token, time } = await testServer({ pingInterval: '10' }, { fakeTime: true })
    const client = await RawClient.open(url, token('ann'))
    await client.request('ping')
    await time.advance(10_000)
    expect(client.frames.some(({ result }) => result === 'ping')).toBe(false)
    await time.advance(10_000)
    await client.wait(({ result, id }) => result === 'ping' && id === undefined)
  })

  test('SRV-13: tools of the system are pinged a tenth as often', async () => {
    const { url, token, time } = await testServer({ pingInterval: '10' }, { fakeTime: true })
    const tool = await RawClient.open(url, token('system'))
    let pings = 0
    tool.socket.on('ping', () => (pings += 1))
    await time.advance(95_000)
    await tool.request('ping')
    expect(pings).toBe(0)
    await time.advance(5100)
    await tool.request('ping')
    expect(pings).toBe(1)
  })

  test('SRV-14: a token that expires closes its session with the code for it, unless the token was renewed', async () => {
    const { url, time } = await testServer({}, { fakeTime: true })
    const tokens = new Tokens(TEST_SECRET, time.now)
    const [first, second] = [
      tokens.sign({ email: 'ann', workspace: 'w1' }, 60),
      tokens.sign({ email: 'bob', workspace: 'w1' }, 60),
    ]
    const ann = await RawClient.open(url, first)
    const bob = await RawClient.open(url, second)
    const renewed = tokens.sign({ email: 'ann', workspace: 'w1' }, 600)
    expect(await ann.request('authenticate', [renewed])).toBe(true)
    await expect(
      ann.request('authenticate', [tokens.sign({ email: 'bob', workspace: 'w1' })]),
    ).rejects.toThrow(/Forbidden/)
    await time.advance(61_000)
    expect((await bob.waitForClose()).code).toBe(4101)
    expect(await ann.request('ping')).toBe('pong!')
    await time.advance(600_000)
    expect((await ann.waitForClose()).code).toBe(4101)
  })

  test('SRV-15: an account is online from its first session until the reconnect window after its last one is over', async () => {
    const { url, token, time } = await testServer({ reconnectWindow: '30' }, { fakeTime: true })
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
    expect(await status()).toStrictEqual([true])
    await first.close()
    await time.advance(40_000)
    expect(await status()).toStrictEqual([true])
    await second.close()
    await time.advance(20_000)
    expect(await status()).toStrictEqual([true])
    const back = await RawClient.open(url, token('ann'))
    await time.advance(60_000)
    expect(await status()).toStrictEqual([true])
    await back.close()
    await time.advance(31_000)
    const offline = (tx: Record<string, unknown>) =>
      (tx['operations'] as { online?: boolean } | undefined)?.online === false
    await watcher.waitForPush(offline)
    expect(await status()).toStrictEqual([false])
  })

  test('SRV-16: statistics count the current minute, the last five minutes and the total, by the monotonic clock', async () => {
    const { url, token, time, server } = await testServer({}, { fakeTime: true })
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
    expect(await facts()).toStrictEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ])
    await time.advance(MINUTE)
    await client.request('findAll', ['board:class:Task', {}])
    expect(await facts()).toStrictEqual([
      [1, 0],
      [2, 1],
      [2, 1],
    ])
    time.jump(10 * MINUTE)
    expect(await facts()).toStrictEqual([
      [0, 0],
      [0, 0],
      [2, 1],
    ])
    await fetch(`${server.url}/api/v1/manage?operation=wipe-statistics`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token('root', '', { admin: 'true' })}` },
    })
    expect(await facts()).toStrictEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ])
  })

  test('SRV-17: a reader that never drains is closed with 1013, and no other session is affected', async () => {
    const { url, token } = await testServer({ outboxBytes: '2000000' })
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
    expect([code, reason]).toStrictEqual([1013, 'too much waits for a slow reader'])
    expect(closed).toBe(true)
    expect(
      (await writer.request('findAll', ['board:class:Task', {}, { limit: 5 }])) as unknown[],
    ).toHaveLength(5)
  })

  test('SRV-18: requests of one session run concurrently within a limit, and slow ones do not delay others', async () => {
    const { url, token } = await testServer({ concurrentRequests: '4' })
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
    expect(ids.every((id) => answered.has(id))).toBe(true)
    const own = client.frames.filter(({ id }) => typeof id === 'number' && id >= 0 && id < 500)
    expect(own.every(({ error }) => error === undefined)).toBe(true)
  })

  test('SRV-19: the response comes before the push of the same transaction', async () => {
    const { url, token } = await testServer()
    const client = await RawClient.open(url, token('ann'))
    for (let at = 0; at < 100; at++)
      client.send({ id: at, method: 'tx', params: [createTask(`t${at}`, { title: 'x' })] })
    await client.waitForPush((tx) => tx['objectId'] === 't99')
    for (let at = 0; at < 100; at++) {
      const answer = client.frames.findIndex(({ id }) => id === at)
      const push = client.frames.findIndex(
        ({ id, result }) => id === undefined && JSON.stringify(result).includes(`"t${at}"`),
      )
      expectFor(`t${at}: answer ${answer}, push ${push}`, answer).toBeGreaterThanOrEqual(0)
      expectFor(`t${at}: answer ${answer}, push ${push}`, answer).toBeLessThan(push)
    }
  })

  test('SRV-20: a long response is cut into chunks between which other responses are sent, and waits while the socket is full', async () => {
    const { url, token } = await testServer({ chunkCount: '10', chunkBytes: '1024' })
    const client = await RawClient.open(url, token('ann'))
    const text = 'y'.repeat(20_000)
    await Promise.all(
      Array.from(
        { length: 200 },
        async (_, at) =>
          await client.request('tx', [createTask(`t${at}`, { title: 'x', description: text })]),
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
    expect(order.filter((each) => typeof each === 'number')).toHaveLength(200)
    // The ping waited for the whole response.
    expect(order.indexOf('ping')).toBeLessThan(order.length - 1)
    const last = client.frames.find(({ id, chunk }) => id === 1 && chunk?.final === true)?.result as {
      total: number
    }
    expect(last.total).toBe(200)
  })

  test('SRV-21: a measurement returns the milliseconds that the server spent between its two calls, and ends with its session', async () => {
    const { url, token } = await testServer()
    const client = await RawClient.open(url, token('ann'))
    expect(await client.request('measure', ['op'])).toBe('started')
    await client.request('tx', [createTask('t1', { title: 'x' })])
    const spent = (await client.request('measure-done', ['op'])) as number
    expect(spent).toBeGreaterThan(0)
    expect(spent).toBeLessThan(10_000)
    await expect(client.request('measure-done', ['op'])).rejects.toThrow(/BadRequest/)
    await client.request('measure', ['op'])
    await client.close()
    const again = await RawClient.open(url, token('ann'))
    await expect(again.request('measure-done', ['op'])).rejects.toThrow(/BadRequest/)
  })
})
