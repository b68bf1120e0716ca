import { describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { RawClient } from '../support/raw-client.ts'
import { selfSigned } from '../support/self-signed.ts'
import { testServer, TEST_SECRET } from '../support/test-server.ts'
import { atrium, RunningAtrium } from '../support/executable.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { expectFor } from '../support/expecting.ts'

const certified = selfSigned()
const env = { ATRIUM_SECRET: TEST_SECRET }
const find = (workspace: string, url: string) => [
  'find',
  workspace,
  'core:class:Space',
  '--as',
  'ann',
  '--url',
  url,
]

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestEnd(() => server.close())
  return (server.address() as AddressInfo).port
}

const refused = (stderr: string) => ({ code: 1, stdout: '', stderr })

describe('commands that are refused', () => {
  test('CFG-56: a workspace that is being upgraded is reported as such, with the version, before and during a command', async () => {
    const { url } = await testServer({ modelVersion: '0.2.0' })
    const http = url.replace('ws', 'http')
    const upgrading = `atrium: the workspace w1 is being upgraded to 0.2.0: try again later\n`
    const watch = new RunningAtrium(['watch', 'w1', '--as', 'ann', '--url', http], env)
    await watch.said(/watching w1/)
    const { stdout: token } = await atrium(
      ['token', 'w1', '--as', 'system', '--mode', 'upgrade', '--url', http],
      env,
    )
    const tool = await RawClient.open(url, token.trim())
    expect(await watch.ended()).toBe(1)
    expectFor(watch.stderr, watch.stderr.endsWith(upgrading)).toBe(true)
    for (const args of [find('w1', http), ['verify', 'w1', '--url', http]])
      expect(await atrium(args, env)).toStrictEqual(refused(upgrading))
    await tool.close()
    expect((await atrium(find('w1', http), env)).code).toBe(0)
  })

  test('CFG-57: a command reports what is wrong with its connection: TLS, the name, the responding server, or an invalid address', async () => {
    const tls = `https://127.0.0.1:${await portOf(createTlsServer({ ...certified }))}`
    const answers: RequestListener = (_request, response) => void response.writeHead(404).end('<html>')
    const other = `http://127.0.0.1:${await portOf(createServer(answers))}`
    const plain = `https://127.0.0.1:${new URL(other).port}`
    const closing = createTcpServer((socket) => socket.destroy())
    const gone = `http://127.0.0.1:${await portOf(closing)}`
    const nowhere = 'http://no-such-host.invalid'
    const expected: [url: string, commands: RegExp, accounts: RegExp][] = [
      ...(certified === undefined
        ? []
        : [
            [
              tls,
              /^the TLS connection to wss:.* failed: self-signed certificate$/,
              /^the TLS connection to https:.* failed: self-signed certificate$/,
            ] satisfies [string, RegExp, RegExp],
          ]),
      [
        plain,
        /^the TLS connection to wss:.* failed: wrong version number$/,
        /^the TLS connection to https:.* failed: wrong version number$/,
      ],
      [nowhere, /^there is no host of that name: ws:/, /^there is no host of that name: http:/],
      [other, /^what answers at ws:.* is no atrium$/, /^what answers at http:.* is no accounts service$/],
      [
        gone,
        /^no atrium answers at ws:.* \(ECONNRESET\)$/,
        /^no accounts service answers at http:.* \((ECONNRESET|UND_ERR_SOCKET)\)$/,
      ],
    ]
    for (const [url, commands, accounts] of expected) {
      for (const [args, pattern] of [
        [find('w1', url), commands],
        [['workspace', 'list', '--url', url], accounts],
      ] as const) {
        const { code, stdout, stderr } = await atrium(args, env)
        expectFor(stderr, [code, stdout, stderr.split('\n').length]).toStrictEqual([1, '', 2])
        expect(stderr.slice('atrium: '.length).trim()).toMatch(pattern)
      }
    }
    for (const url of ['127.0.0.1:3333', 'localhost:3333', 'ftp://x', 'nonsense']) {
      const stderr = `atrium: ${url} is no address of a server, such as http://127.0.0.1:3333\n`
      expect(await atrium(find('w1', url), env)).toStrictEqual(refused(stderr))
    }
  })

  test('CFG-58: a token for a workspace that does not exist is refused when the accounts service reports it', async () => {
    const { url, server } = await testServer({ accounts: 'builtin', storage: 'memory' })
    const http = url.replace('ws', 'http')
    const token = async (workspace: string, ...more: string[]) =>
      await atrium(['token', workspace, '--as', 'ann', '--url', http, ...more], env)
    const missing = 'atrium: there is no workspace nope: `atrium workspace create nope` makes one\n'
    expect(await token('nope')).toStrictEqual(refused(missing))
    expect(await token('nope', '--admin')).toStrictEqual(refused(missing))
    expect(await token('nope', '--mode', 'backup')).toStrictEqual(refused(missing))
    const made = await atrium(['workspace', 'create', 'team', '--url', http], env)
    expect(made.code).toBe(0)
    // An account without a membership may get one before the token is used.
    for (const name of ['team', '']) expect((await token(name)).stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    // A server with another secret does not know it.
    const foreign = await atrium(['token', 'nope', '--as', 'ann', '--url', http], {
      ATRIUM_SECRET: 'y'.repeat(32),
    })
    expect([foreign.code, foreign.stderr]).toStrictEqual([0, ''])
    await server.stop()
    expect((await token('nope')).code).toStrictEqual(0)
  })
})
