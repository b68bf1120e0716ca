import { describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { expectFor } from '../support/expecting.ts'
import { RawClient } from '../support/raw-client.ts'
import { RawSocket, textFrame, upgradeHead } from '../support/raw-socket.ts'
import { type TestServer, testServer } from '../support/test-server.ts'

const unauthorized = { severity: 'ERROR', code: 'platform:status:Unauthorized', params: {} }

async function refused(server: TestServer): Promise<RawClient> {
  const client = new RawClient(server.url, 'no-token')
  await client.wait(({ result }) => result === 'hello')
  return client
}

describe('clients with a bad token', () => {
  test('LIM-40: a client with a bad token has a few messages answered, and one more ends its connection', async () => {
    const server = await testServer({ unverifiedMessages: '3' }, { fakeTime: true })
    const client = await refused(server)
    for (let id = 1; id <= 20; id++) client.send({ id, method: 'ping', params: [] })
    await client.waitForClose()
    const answer = { id: -1, error: unauthorized }
    expect(client.frames.slice(1)).toStrictEqual([answer, answer, answer])
  })

  test('LIM-40: the close of one message too many says why, and nothing after it is answered', async () => {
    const server = await testServer({ unverifiedMessages: '0' }, { fakeTime: true })
    const client = await refused(server)
    client.send({ id: 1, method: 'ping', params: [] })
    expect((await client.waitForClose()).code).toBe(4100)
    expect(client.frames).toHaveLength(1)
  })

  test('LIM-41: a client with a bad token sends no message of more than 4 KB, and no large one is waited for', async () => {
    const server = await testServer({}, { fakeTime: true })
    const opening = Array.from({ length: 30 }, async () => await RawSocket.open(server.server.port))
    const sockets = await Promise.all(opening)
    for (const socket of sockets) {
      socket.write(upgradeHead('/no-token'))
      await socket.receives('Unauthorized')
      // Its header announces 59 MB. The server ends the connection without them.
      socket.write(textFrame(Buffer.alloc(1000, ' '), 59_000_000))
    }
    for (const socket of sockets) await socket.closed()
    const client = await refused(server)
    client.send(' '.repeat(4096))
    await client.wait((frame) => frame.id === -1 && frame.result === undefined)
    client.send(' '.repeat(4097))
    expect((await client.waitForClose()).code).toBe(1009)
  })

  test('LIM-41: fragments of a message count together', async () => {
    const server = await testServer({}, { fakeTime: true })
    const client = await refused(server)
    for (let part = 0; part < 5; part++) client.socket.send(' '.repeat(1000), { fin: false })
    expect((await client.waitForClose()).code).toBe(1009)
  })

  test('LIM-42: a refused connection ends, also when its client ignores the close and goes on', async () => {
    const server = await testServer({}, { fakeTime: true })
    const [silent, talking] = [
      await RawSocket.open(server.server.port),
      await RawSocket.open(server.server.port),
    ]
    for (const socket of [silent, talking]) {
      socket.write(upgradeHead('/no-token'))
      await socket.receives('Unauthorized')
    }
    await server.time.advance(1100)
    for (const socket of [silent, talking]) await socket.receives('token refused')
    // A close frame has been sent, and neither client answers it.
    const before = talking.received
    for (let count = 0; count < 20; count++) talking.write(textFrame(Buffer.from('{}')))
    await talking.closed()
    expect(talking.received).toBe(before)
    await server.time.advance(1100)
    await silent.closed()
  })

  test('LIM-42: WebSocket pings of a refused client are not answered', async () => {
    const server = await testServer({}, { fakeTime: true })
    const client = await refused(server)
    let pongs = 0
    client.socket.on('pong', () => (pongs += 1))
    for (let count = 0; count < 100; count++) client.socket.ping()
    client.send('a message after them')
    await client.wait(({ id, result }) => id === -1 && result === undefined)
    expect(pongs).toBe(0)
  })

  test('LIM-43: sessions on their way in keep a bounded number of bytes together', async () => {
    const core = await testServer({ earlyTotalBytes: '1024' })
    const client = new RawClient(core.url, core.token('ann'))
    await once(client.socket, 'open')
    client.send(' '.repeat(2000))
    const { code } = await client.waitForClose()
    expect(code).toBe(1013)
    // What it kept was given back.
    const next = await RawClient.open(core.url, core.token('ann'))
    expect(await next.request('ping')).toBe('pong!')
  })
})

describe('connections without a session', () => {
  test('LIM-44: a connection that sends no whole head is closed after the time of a handshake', async () => {
    const server = await testServer({ handshakeTimeout: '5s' }, { fakeTime: true })
    const silent = await RawSocket.open(server.server.port)
    const slow = await RawSocket.open(server.server.port)
    const upgrading = await RawSocket.open(server.server.port)
    slow.write('GET /health HTTP/1.1\r\nHost: localhost\r\n')
    upgrading.write(upgradeHead(`/${server.token('ann')}`).slice(0, -2))
    const client = await RawClient.open(server.url, server.token('bob'))
    for (let sent = 0; sent < 4; sent++) {
      await server.time.advance(1000)
      slow.write(`X-${sent}: a\r\n`)
    }
    expect([silent, slow, upgrading].map(({ isClosed }) => isClosed)).toStrictEqual([false, false, false])
    await server.time.advance(1200)
    for (const socket of [silent, slow, upgrading]) await socket.closed()
    expect(await client.request('ping')).toBe('pong!')
  })

  test('LIM-44: a request whose body does not arrive is answered with 408', async () => {
    const server = await testServer({ requestTimeout: '100ms' })
    const socket = await RawSocket.open(server.server.port)
    socket.write('POST /accounts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{')
    await socket.closed()
    expect(socket.received).toContain('408 Request Timeout')
  })

  test('LIM-45: of too many connections without a session the one that waits longest makes room', async () => {
    const server = await testServer({ maxWaitingConnections: '5' }, { fakeTime: true })
    const client = await RawClient.open(server.url, server.token('bob'))
    const sockets: RawSocket[] = []
    for (let count = 0; count < 5; count++) {
      const socket = await RawSocket.open(server.server.port)
      // The server has seen it.
      socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await socket.receives('"ok"')
      sockets.push(socket)
    }
    const next = await RawSocket.open(server.server.port)
    await sockets[0]?.closed()
    next.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await next.receives('"ok"')
    expect(sockets.map(({ isClosed }) => isClosed)).toStrictEqual([true, false, false, false, false])
    const more = await RawClient.open(server.url, server.token('ann'))
    expect([await client.request('ping'), await more.request('ping')]).toStrictEqual(['pong!', 'pong!'])
  })

  test('LIM-45: while an address has too many of them its own make room', async () => {
    const server = await testServer({ maxAddressWaiting: '2' }, { fakeTime: true })
    const first = await RawSocket.open(server.server.port)
    await RawSocket.open(server.server.port)
    await RawSocket.open(server.server.port)
    await first.closed()
  })

  test('LIM-46: an address opens a bounded number of connections in a second, and sessions count', async () => {
    const server = await testServer({ addressConnections: '3' }, { fakeTime: true })
    const client = await RawClient.open(server.url, server.token('ann'))
    await RawSocket.open(server.server.port)
    await RawSocket.open(server.server.port)
    const fourth = new RawSocket(server.server.port)
    await fourth.closed()
    expect(await client.request('ping')).toBe('pong!')
    await server.time.advance(1000)
    await RawClient.open(server.url, server.token('ann'))
    const metrics = await (await fetch(`${server.server.url}/metrics`)).text()
    expect(metrics).toContain('atrium_rate_limited_total{limit="connections of an address"} 1')
  })
})

describe('proxies', () => {
  const opened = async (server: TestServer, forwarded: string) => {
    const socket = await RawSocket.open(server.server.port)
    socket.write(upgradeHead(`/${server.token('ann')}`, `X-Forwarded-For: ${forwarded}`))
    await socket.receives('\r\n\r\n')
    return Number(/^HTTP\/1.1 (\d+)/.exec(socket.received)?.[1])
  }

  test('LIM-47: behind a trusted proxy the connections of each client are counted by its own address', async () => {
    const flags = { addressConnections: '2', trustProxy: 'loopback' }
    const server = await testServer(flags, { fakeTime: true })
    const codes = []
    for (const client of ['8.8.8.8', '8.8.8.8', '8.8.8.8', '9.9.9.9', '1.1.1.1, 8.8.8.8', '::ffff:8.8.8.8'])
      codes.push(await opened(server, client))
    expect(codes).toStrictEqual([101, 101, 429, 101, 429, 429])
  })

  test('LIM-47: what a client that is no trusted proxy says of its address is ignored', async () => {
    for (const trustProxy of ['', '10.0.0.0/8', '0']) {
      const server = await testServer({ addressConnections: '2', trustProxy }, { fakeTime: true })
      expect(await opened(server, '8.8.8.1')).toBe(101)
      expect(await opened(server, '8.8.8.2')).toBe(101)
      await new RawSocket(server.server.port).closed()
    }
  })

  test('LIM-47: with a number of hops the address before that many proxies is the client’s', async () => {
    const server = await testServer({ addressConnections: '1', trustProxy: '2' }, { fakeTime: true })
    expect(await opened(server, '1.1.1.1, 8.8.8.8, 10.0.0.1')).toBe(101)
    expect(await opened(server, '2.2.2.2, 8.8.8.8, 10.0.0.2')).toBe(429)
    expect(await opened(server, '2.2.2.2, 9.9.9.9, 10.0.0.2')).toBe(101)
  })

  test('LIM-48: an IPv6 customer counts as one address', async () => {
    const server = await testServer({ addressConnections: '1', trustProxy: 'loopback' }, { fakeTime: true })
    expect(await opened(server, '2001:db8:1:2::1')).toBe(101)
    expect(await opened(server, '2001:0db8:0001:0002:ffff::2')).toBe(429)
    expect(await opened(server, '2001:db8:1:3::1')).toBe(101)
  })
})

describe('bodies', () => {
  test('LIM-57: a body that is too large is refused by every route', async () => {
    const server = await testServer({ accounts: 'builtin' })
    for (const [method, path] of [
      ['POST', '/accounts'],
      ['PUT', '/api/v1/manage'],
      ['DELETE', '/api/v1/workspaces/w1/sessions/s1'],
      ['POST', '/no-such-path'],
    ] as const) {
      const answer = await fetch(`${server.server.url}${path}`, { method, body: 'x'.repeat(70_000) })
      expectFor(path, answer.status).toBe(413)
      expectFor(path, await answer.json()).toMatchObject({
        error: { code: 'platform:status:TooLarge', params: { size: 70_000, limit: 65_536 } },
      })
    }
  })
})
