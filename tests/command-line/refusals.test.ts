import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { test, type TestContext } from 'node:test'
import { RawClient } from '../support/raw-client.ts'
import { selfSigned } from '../support/self-signed.ts'
import { testServer, TEST_SECRET } from '../support/test-server.ts'
import { atrium, RunningAtrium } from '../support/executable.ts'

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

async function portOf(context: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  return (server.address() as AddressInfo).port
}

const refused = (stderr: string) => ({ code: 1, stdout: '', stderr })

test('CFG-56: a workspace that is being upgraded is told as that, with the version, before and during a command', async (context) => {
  const { url } = await testServer(context, { modelVersion: '0.2.0' })
  const http = url.replace('ws', 'http')
  const upgrading = `atrium: the workspace w1 is being upgraded to 0.2.0: try again later\n`
  const watch = new RunningAtrium(context, ['watch', 'w1', '--as', 'ann', '--url', http], env)
  await watch.said(/watching w1/)
  const { stdout: token } = await atrium(
    ['token', 'w1', '--as', 'system', '--mode', 'upgrade', '--url', http],
    env,
  )
  const tool = await RawClient.open(url, token.trim())
  assert.equal(await watch.ended(), 1)
  assert.ok(watch.stderr.endsWith(upgrading), watch.stderr)
  for (const args of [find('w1', http), ['verify', 'w1', '--url', http]])
    assert.deepEqual(await atrium(args, env), refused(upgrading))
  await tool.close()
  assert.equal((await atrium(find('w1', http), env)).code, 0)
})

test('CFG-57: what is wrong with a connection is told: TLS, the name, another server, an address that is none', async (context) => {
  const tls = `https://127.0.0.1:${await portOf(context, createTlsServer({ ...certified }))}`
  const answers: RequestListener = (_request, response) => void response.writeHead(404).end('<html>')
  const other = `http://127.0.0.1:${await portOf(context, createServer(answers))}`
  const plain = `https://127.0.0.1:${new URL(other).port}`
  const closing = createTcpServer((socket) => socket.destroy())
  const gone = `http://127.0.0.1:${await portOf(context, closing)}`
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
      assert.deepEqual([code, stdout, stderr.split('\n').length], [1, '', 2], stderr)
      assert.match(stderr.slice('atrium: '.length).trim(), pattern)
    }
  }
  for (const url of ['127.0.0.1:3333', 'localhost:3333', 'ftp://x', 'nonsense']) {
    const stderr = `atrium: ${url} is no address of a server, such as http://127.0.0.1:3333\n`
    assert.deepEqual(await atrium(find('w1', url), env), refused(stderr))
  }
})

test('CFG-58: a token for a workspace that does not exist is refused where the accounts service says so', async (context) => {
  const { url, server } = await testServer(context, { accounts: 'builtin', storage: 'memory' })
  const http = url.replace('ws', 'http')
  const token = async (workspace: string, ...more: string[]) =>
    await atrium(['token', workspace, '--as', 'ann', '--url', http, ...more], env)
  const missing = 'atrium: there is no workspace nope: `atrium workspace create nope` makes one\n'
  assert.deepEqual(await token('nope'), refused(missing))
  assert.deepEqual(await token('nope', '--admin'), refused(missing))
  assert.deepEqual(await token('nope', '--mode', 'backup'), refused(missing))
  const made = await atrium(['workspace', 'create', 'team', '--url', http], env)
  assert.equal(made.code, 0)
  // Whoever is no member yet may be one when it is used.
  for (const name of ['team', '']) assert.match((await token(name)).stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/)
  // A server of another secret knows nothing of it.
  const foreign = await atrium(['token', 'nope', '--as', 'ann', '--url', http], {
    ATRIUM_SECRET: 'y'.repeat(32),
  })
  assert.deepEqual([foreign.code, foreign.stderr], [0, ''])
  await server.stop()
  assert.deepEqual((await token('nope')).code, 0)
})
