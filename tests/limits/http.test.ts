import { describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { WebSocket } from 'ws'
import { AllowedOrigins } from '../../server/transport/allowed-origins.ts'
import { expectFor } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { RawClient } from '../support/raw-client.ts'
import { cutAnywhere, selfSigned } from '../support/self-signed.ts'
import { type TestServer, testServer } from '../support/test-server.ts'
import { testUnless } from '../support/test-unless.ts'

async function status(
  server: TestServer,
  path: string,
  headers: Record<string, string> = {},
): Promise<number> {
  return (await fetch(`${server.server.url}${path}`, { headers })).status
}

async function opens(server: TestServer, origin: string, headers = {}): Promise<boolean> {
  const client = new RawClient(server.url, server.token('ann'), { origin, headers })
  const opened = await new Promise<boolean>((resolve) => {
    client.socket.on('open', () => resolve(true))
    client.socket.on('close', () => resolve(false))
  })
  client.socket.terminate()
  return opened
}

describe('web pages', () => {
  test('LIM-50: pages of listed origins connect and call, others are refused, and * is any', async () => {
    const [page, other] = ['https://app.example', 'https://evil.example']
    const listed = await testServer({ accounts: 'builtin', origins: page })
    for (const path of ['/api/v1/version', '/health', '/metrics']) {
      expect(await status(listed, path, { origin: page })).toBe(200)
      expect(await status(listed, path, { origin: other })).toBe(403)
      expect(await status(listed, path)).toBe(200)
    }
    expect([await opens(listed, page), await opens(listed, other)]).toStrictEqual([true, false])
    const url = `${listed.server.url}/accounts`
    const asks = {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    }
    const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: page, ...asks } })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(page)
    const refused = await fetch(url, {
      method: 'POST',
      headers: { origin: other },
      body: '{"method":"login"}',
    })
    expect(await refused.json()).toMatchObject({ error: { code: 'platform:status:Forbidden' } })
    const any = await testServer({ origins: '*' })
    expect([await opens(any, other), await status(any, '/health', { origin: other })]).toStrictEqual([
      true,
      200,
    ])
  })

  test('LIM-51: without a list a server on a loopback address takes pages of this machine', async () => {
    const server = await testServer()
    const own = server.server.url
    const local = [
      'http://localhost:5173',
      'http://127.0.0.1:1',
      'https://app.localhost',
      'http://[::1]:8080',
      own,
    ]
    for (const origin of local) expectFor(origin, await opens(server, origin)).toBe(true)
    for (const origin of ['https://evil.example', 'http://localhost.evil.example', 'null', 'http://10.0.0.1'])
      expectFor(origin, await opens(server, origin)).toBe(false)
    expect(await status(server, '/health', { origin: 'http://localhost:5173' })).toBe(200)
  })

  test('LIM-51: without a list a server on another address takes pages of its own host alone', () => {
    const publicUrl = 'wss://collab.example/path'
    const origins = new AllowedOrigins({ origins: () => [], host: '0.0.0.0', publicUrl: () => publicUrl })
    const cases: [origin: string, host: string | undefined, allowed: boolean][] = [
      ['http://10.0.0.7:3333', '10.0.0.7:3333', true],
      ['https://app.example', 'app.example', true],
      ['https://app.example', 'app.example:443', true],
      ['https://app.example:444', 'app.example', false],
      ['https://collab.example', '10.0.0.7:3333', true],
      ['http://localhost:5173', '10.0.0.7:3333', false],
      ['https://evil.example', 'app.example', false],
      ['https://evil.example', undefined, false],
      ['null', '', false],
      ['file://', '', false],
    ]
    for (const [origin, host, allowed] of cases)
      expectFor(`${origin} ${host}`, origins.allows(origin, host)).toBe(allowed)
  })

  test('LIM-61: a page whose name resolves to a loopback address is not one of the server', async () => {
    const server = await testServer({ publicUrl: 'wss://collab.example' })
    const own = new URL(server.server.url).host
    for (const host of ['evil.example', own.replace('127.0.0.1', 'evil.example'), '10.0.0.7'])
      expectFor(host, await opens(server, `http://${host}`, { host })).toBe(false)
    for (const host of ['collab.example', own])
      expectFor(host, await opens(server, `http://${host}`, { host })).toBe(true)
    const elsewhere = new AllowedOrigins({ origins: () => [], host: '::1', publicUrl: () => undefined })
    expect(elsewhere.allows('http://evil.example', 'evil.example')).toBe(false)
    expect(elsewhere.allows('http://[::1]:3333', '[::1]:3333')).toBe(true)
  })
})

describe('HTTP', () => {
  test('LIM-52: every response has security headers', async () => {
    const server = await testServer()
    for (const path of ['/', '/health', '/metrics', '/no-such-path', '/api/v1/statistics']) {
      const { headers } = await fetch(`${server.server.url}${path}`)
      const names = [
        'content-security-policy',
        'x-content-type-options',
        'x-frame-options',
        'strict-transport-security',
      ]
      expectFor(
        path,
        names.map((name) => headers.get(name)),
      ).toStrictEqual(["default-src 'none'; frame-ancestors 'none'", 'nosniff', 'DENY', null])
    }
  })

  test('LIM-53: metrics ask for their token, and may have a port of their own', async () => {
    const token = 'a-token-for-the-metrics'
    const bearer = { authorization: `Bearer ${token}` }
    const server = await testServer({ metricsToken: token })
    expect(await status(server, '/metrics')).toBe(401)
    expect(await status(server, '/metrics', { authorization: `Bearer ${token}s` })).toBe(401)
    expect(await status(server, '/metrics', bearer)).toBe(200)
    const apart = await testServer({ metricsPort: '0' })
    expect(await status(apart, '/metrics')).toBe(404)
    expect(await (await fetch(apart.server.metricsUrl)).text()).toContain('atrium_sessions')
    expect((await fetch(apart.server.metricsUrl.replace('/metrics', '/health'))).status).toBe(404)
    const both = await testServer({ metricsPort: '0', metricsToken: token })
    expect((await fetch(both.server.metricsUrl)).status).toBe(401)
    expect((await fetch(both.server.metricsUrl, { headers: bearer })).status).toBe(200)
  })
})

const pair = selfSigned()
const tlsTest = testUnless(pair === undefined ? 'openssl is missing' : undefined)

async function files(): Promise<{
  tlsCert: string
  tlsKey: string
  write: (made: typeof pair) => Promise<void>
}> {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-tls-'))
  onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
  const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const write = async (made: typeof pair) => {
    await writeFile(tlsCert, made?.cert ?? '')
    await writeFile(tlsKey, made?.key ?? '')
  }
  await write(pair)
  return { tlsCert, tlsKey, write }
}

async function certificateOf(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

describe('TLS', () => {
  tlsTest('LIM-54: with a certificate the server speaks HTTPS and WSS', async () => {
    const { tlsCert, tlsKey } = await files()
    const server = await testServer({ tlsCert, tlsKey, accounts: 'builtin', demo: '1' })
    expect(server.server.url).toMatch(/^https:/)
    expect(server.url).toMatch(/^wss:/)
    const asked = request(`${server.server.url}/health`, {
      ca: pair?.cert,
      checkServerIdentity: () => undefined,
    })
    asked.end()
    const [response] = (await once(asked, 'response')) as [
      { statusCode: number; headers: Record<string, string> },
    ]
    expect(response.statusCode).toBe(200)
    expect(response.headers['strict-transport-security']).toBe('max-age=15552000')
    // The built-in accounts are asked as well, whatever the certificate.
    const socket = new WebSocket(`${server.url}/${server.token('ann', 'demo')}`, {
      rejectUnauthorized: false,
    })
    await once(socket, 'open')
    socket.send(JSON.stringify({ id: 1, method: 'ping', params: [] }))
    const [data] = (await once(socket, 'message')) as [Buffer]
    expect(JSON.parse(data.toString())).toMatchObject({ result: expect.anything() })
    socket.terminate()
  })

  tlsTest('LIM-55: a wrong certificate or key is refused by the name of its option', async () => {
    const { tlsCert, tlsKey, write } = await files()
    const missing = `${tlsCert}.missing`
    const start = async (flags: Record<string, string>) => await testServer(flags)
    await expect(start({ tlsCert })).rejects.toThrow(/^ATRIUM_TLS_KEY is missing/)
    await expect(start({ tlsKey })).rejects.toThrow(/^ATRIUM_TLS_CERT is missing/)
    await expect(start({ tlsCert: missing, tlsKey })).rejects.toThrow(/^ATRIUM_TLS_CERT: .* ENOENT/)
    await expect(start({ tlsCert, tlsKey: missing })).rejects.toThrow(/^ATRIUM_TLS_KEY: .* ENOENT/)
    await expect(start({ tlsCert: tlsKey, tlsKey })).rejects.toThrow(/^ATRIUM_TLS_CERT: .* is no certificate/)
    await expect(start({ tlsCert, tlsKey: tlsCert })).rejects.toThrow(/^ATRIUM_TLS_KEY: .* is no key/)
    for (const part of cutAnywhere(pair)) {
      await write(part)
      await expect(start({ tlsCert, tlsKey })).rejects.toThrow(/^ATRIUM_TLS_(CERT|KEY): .* is no/)
    }
    await write({ cert: pair?.cert ?? '', key: selfSigned()?.key ?? '' })
    await expect(start({ tlsCert, tlsKey })).rejects.toThrow(
      /^ATRIUM_TLS_KEY: .* is not the key of ATRIUM_TLS_CERT/,
    )
  })

  tlsTest('LIM-56: a changed certificate is used after options are read again', async () => {
    const { tlsCert, tlsKey, write } = await files()
    const { server } = await testServer({ tlsCert, tlsKey })
    const first = await certificateOf(server.port)
    await write({ cert: 'no certificate', key: 'no key' })
    const flags = { tlsCert, tlsKey }
    expect((await server.reread({}, flags)).wrong.join()).toMatch(/ATRIUM_TLS_CERT: .* is no certificate/)
    expect(await certificateOf(server.port)).toBe(first)
    for (const part of cutAnywhere(pair)) {
      await write(part)
      expectFor(part, (await server.reread({}, flags)).wrong.join()).toMatch(/ATRIUM_TLS_(CERT|KEY): /)
      expect(await certificateOf(server.port)).toBe(first)
    }
    await write(selfSigned())
    expect((await server.reread({}, flags)).taken).toContain('tlsCert')
    expect(await certificateOf(server.port)).not.toBe(first)
  })
})
