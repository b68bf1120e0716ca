import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { atrium, RunningProcess, temporaryFolder } from '../support/executable.ts'
import { root } from '../support/root.ts'
import { waitUntil } from '../support/wait-until.ts'

const LIMIT = 256

const limited = (...words: string[]) => ['sh', '-c', `ulimit -n ${LIMIT}; exec "$@"`, 'sh', ...words]

const posix = process.platform === 'win32' ? { skip: 'there is no `ulimit`' } : {}

test(
  'CFG-52: a server that can open no more files says so with ulimit -n, goes on, and serves again',
  posix,
  async (context) => {
    const env = { ATRIUM_DATA: await temporaryFolder(context), ATRIUM_PORT: '0', ATRIUM_DEMO: '0' }
    const words = limited(process.execPath, join(root, 'scripts', 'atrium'), 'start')
    const server = new RunningProcess(context, words, env)
    const url = (await server.line(/listening on/)).replace(/^.*(?=http:)/, '')
    const { hostname, port } = new URL(url)
    const sockets = Array.from({ length: LIMIT + 100 }, () => connect(Number(port), hostname))
    for (const socket of sockets) socket.on('error', () => undefined)
    context.after(() => sockets.map((socket) => socket.destroy()))
    await server.said(/too many files and connections are open: raise the limit .*`ulimit -n`/)
    // The system drops what is beyond.
    await waitUntil(() => sockets.some((socket) => socket.closed), 'a connection that is dropped')
    await Promise.all(sockets.map(async (socket) => await ended(socket)))
    const made = await atrium(['workspace', 'create', 'team', '--owner', 'ann', '--url', url], env)
    assert.deepEqual(made, { code: 0, stdout: 'team\n', stderr: '' })
    assert.equal(await server.end('SIGTERM'), 0)
    assert.doesNotMatch(server.stderr, /\bat \S+ \(/)
  },
)

async function ended(socket: Socket): Promise<void> {
  if (socket.closed) return
  const closed = once(socket, 'close')
  socket.destroy()
  await closed
}

test('CFG-52: a file that cannot be opened for that reason says so too', posix, async (context) => {
  const program = fileURLToPath(new URL('../support/open-until-refused.js', import.meta.url))
  const opener = new RunningProcess(context, limited(process.execPath, program), {})
  const lines = [await opener.line(/^SQLite: /), await opener.line(/^a file: /)]
  for (const line of lines)
    assert.match(line, /: unavailable: too many files and connections are open: .*`ulimit -n`/)
  assert.equal(await opener.ended(), 0)
})
