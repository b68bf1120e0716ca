import { describe, expect, test } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { HELD_TITLE, holdRequests } from '../support/holding-module.ts'
import { RawClient } from '../support/raw-client.ts'
import { TEST_SPACES, testServer, type TestServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'

const sessionId = 'tab'
const BEAT = 10_000
const HOLDING = fileURLToPath(new URL('../support/holding-module.js', import.meta.url))
/** More than the buffers of the sockets. */
const DOCUMENTS = 80
const DOCUMENT_BYTES = 500_000

async function start(): Promise<TestServer> {
  const modules = `board,${TEST_SPACES},${HOLDING}`
  const flags = { modules, concurrentRequests: '1', pingInterval: String(BEAT / 1000) }
  return await testServer(flags, { fakeTime: true })
}

/** Its requests wait for one another: the server does not read its socket meanwhile. */
async function heldBack(
  { url, token }: TestServer,
  by = 'account:ann',
): Promise<{ tab: RawClient; open: () => void }> {
  const tab = await RawClient.open(url, token('ann'), {}, { sessionId })
  const { reached, open } = holdRequests()
  for (const id of [1, 2, 3])
    tab.send({ id, method: 'tx', params: [createTask(`held-${id}`, { title: HELD_TITLE }, { by })] })
  await reached
  return { tab, open }
}

/** In the middle of a long response. Its pong is not received, as it follows the response on a slow line. */
async function reading({ url, token }: TestServer): Promise<RawClient> {
  const writer = await RawClient.open(url, token('ann'), { broadcast: false })
  const description = 'x'.repeat(DOCUMENT_BYTES)
  for (let at = 0; at < DOCUMENTS; at++)
    await writer.request('tx', [createTask(`t${at}`, { title: 'x', description })])
  await writer.close()
  const tab = await RawClient.open(url, token('ann'), { broadcast: false }, { sessionId })
  tab.socket.pong = () => undefined
  tab.send({ id: 1, method: 'findAll', params: ['board:class:Task', {}] })
  await tab.wait(({ id }) => id === 1)
  tab.socket.pause()
  return tab
}

/** So many more bytes of the response are transferred. */
async function readOn(tab: RawClient, wanted: number): Promise<void> {
  let bytes = 0
  await new Promise<void>((resolve, reject) => {
    const count = (data: Buffer) => {
      bytes += data.length
      if (tab.frames.at(-1)?.chunk?.final === true) reject(new Error('the answer is over'))
      if (bytes < wanted) return
      tab.socket.off('close', ended)
      tab.socket.off('message', count)
      tab.socket.pause()
      resolve()
    }
    const ended = () => reject(new Error('the connection was ended'))
    tab.socket.on('message', count)
    tab.socket.on('close', ended)
    tab.socket.resume()
  })
}

/** Another connection requests the session id. Returns its status, and the milliseconds until then. */
async function ask(
  { server, url, token, time }: TestServer,
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<{ client: RawClient; isTaken: boolean; milliseconds: number }> {
  const client = new RawClient(url, token('ann'), { sessionId })
  client.socket.once('open', () => client.send({ method: 'hello', params: [], id: -1 }))
  const began = time.monotonic()
  const hello = () => client.frames.find(({ result }) => result === 'hello')
  await waitUntil(async () => {
    const isAsking = server.inspect().sessions === 2 && hello() === undefined
    if (isAsking) await meanwhile()
    await time.advance(100)
    return hello() !== undefined
  }, 'an answer to hello')
  const isTaken = hello()?.['alreadyConnected'] === true
  return { client, isTaken, milliseconds: time.monotonic() - began }
}

describe('busy peers', () => {
  test('WIRE-228: a connection that the server does not read while it processes its requests keeps its session id', async () => {
    const server = await start()
    const { tab, open } = await heldBack(server)
    expect((await ask(server)).isTaken).toBe(true)
    open()
    for (const id of [1, 2, 3]) expect((await tab.wait((frame) => frame.id === id)).result).toStrictEqual({})
    expect(await tab.request('ping')).toBe('pong!')
  })

  test('WIRE-228: a connection that receives a long response over a slow line keeps its session id', async () => {
    const server = await start()
    const tab = await reading(server)
    expect((await ask(server, async () => await readOn(tab, 2_000_000))).isTaken).toBe(true)
    tab.socket.resume()
    await tab.wait(({ id, chunk }) => id === 1 && chunk?.final === true)
    expect(tab.closed).toBeUndefined()
  })

  test('WIRE-228: a connection that stops receiving a long response loses its session id after five seconds', async () => {
    const server = await start()
    const tab = await reading(server)
    const { client, isTaken, milliseconds } = await ask(server)
    expect(isTaken).toBe(false)
    expect(milliseconds).toBeGreaterThanOrEqual(1000)
    expect(milliseconds).toBeLessThanOrEqual(6000)
    expect(await client.request('ping')).toBe('pong!')
    tab.socket.terminate()
  })

  test('SRV-91: a session whose socket the server does not read is not ended, and a dead one is ended when the server reads again', async () => {
    const server = await start()
    const { tab, open } = await heldBack(server)
    for (let beat = 0; beat < 6; beat++) await server.time.advance(BEAT)
    open()
    for (const id of [1, 2, 3]) expect((await tab.wait((frame) => frame.id === id)).result).toStrictEqual({})
    expect(await tab.request('ping')).toBe('pong!')

    const { tab: dead, open: openAgain } = await heldBack(
      { ...server, token: () => server.token('bob', 'w2') },
      'account:bob',
    )
    dead.socket.pause()
    openAgain()
    await waitUntil(async () => {
      const metrics = await (await fetch(`${server.server.url}/metrics`)).text()
      return metrics.includes('atrium_request_duration_seconds_count{method="tx"} 6')
    }, 'all being answered')
    for (let beat = 0; beat < 4; beat++) {
      await server.time.advance(BEAT)
      await tab.request('ping')
    }
    await waitUntil(() => server.server.inspect().sessions === 1, 'the dead session ending')
    dead.socket.terminate()
  })

  test('SRV-92: a session that receives a long response is not ended without a pong, and one that stopped receiving is', async () => {
    const server = await start()
    const tab = await reading(server)
    for (let beat = 0; beat < 5; beat++) {
      await server.time.advance(BEAT)
      await readOn(tab, 5_000_000)
    }
    expect(server.server.inspect().sessions).toBe(1)
    for (let beat = 0; beat < 4; beat++) await server.time.advance(BEAT)
    await waitUntil(() => server.server.inspect().sessions === 0, 'the session ending')
    tab.socket.terminate()
  })

  test('SRV-92: bytes that were only sent to a session are no sign of life', async () => {
    const server = await start()
    const { url, token, time } = server
    const writer = await RawClient.open(url, token('ann'), { broadcast: false })
    const dead = await RawClient.open(url, token('bob'))
    dead.socket.pause()
    for (let beat = 0; beat < 4; beat++) {
      const description = 'x'.repeat(200_000)
      await writer.request('tx', [createTask(`t${beat}`, { title: 'x', description })])
      const pinged = new Promise((resolve) => writer.socket.once('ping', resolve))
      await time.advance(BEAT)
      await pinged
      await writer.request('ping')
    }
    await waitUntil(() => server.server.inspect().sessions === 1, 'the dead session ending')
    dead.socket.terminate()
  })
})
