import { describe, expect } from '@jest/globals'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { atrium, RunningProcess, temporaryFolder } from '../support/executable.ts'
import { root } from '../support/root.ts'
import { waitUntil } from '../support/wait-until.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { testUnless } from '../support/test-unless.ts'

const LIMIT = 256

const limited = (...words: string[]) => ['sh', '-c', `ulimit -n ${LIMIT}; exec "$@"`, 'sh', ...words]

const missing = process.platform === 'win32' ? 'there is no `ulimit`' : undefined

describe('open files', () => {
  testUnless(missing)(
    'CFG-52: a server that can open no more files names ulimit -n, continues, and serves again when it can',
    async () => {
      const env = { ATRIUM_DATA: await temporaryFolder(), ATRIUM_PORT: '0', ATRIUM_DEMO: '0' }
      const words = limited(process.execPath, join(root, 'scripts', 'atrium'), 'start')
      const server = new RunningProcess(words, env)
      const url = (await server.line(/listening on/)).replace(/^.*(?=http:)/, '')
      const { hostname, port } = new URL(url)
      const sockets = Array.from({ length: LIMIT + 100 }, () => connect(Number(port), hostname))
      for (const socket of sockets) socket.on('error', () => undefined)
      onTestEnd(() => sockets.map((socket) => socket.destroy()))
      await server.said(/too many files and connections are open: raise the limit .*`ulimit -n`/)
      // The system drops further connections.
      await waitUntil(() => sockets.some((socket) => socket.closed), 'a connection that is dropped')
      await Promise.all(sockets.map(async (socket) => await ended(socket)))
      const made = await atrium(['workspace', 'create', 'team', '--owner', 'ann', '--url', url], env)
      expect(made).toStrictEqual({ code: 0, stdout: 'team\n', stderr: '' })
      expect(await server.end('SIGTERM')).toBe(0)
      expect(server.stderr).not.toMatch(/\bat \S+ \(/)
    },
  )

  async function ended(socket: Socket): Promise<void> {
    if (socket.closed) return
    const closed = once(socket, 'close')
    socket.destroy()
    await closed
  }

  testUnless(missing)(
    'CFG-52: a file that cannot be opened for lack of file descriptors names ulimit -n too',
    async () => {
      const program = fileURLToPath(new URL('../support/open-until-refused.js', import.meta.url))
      const opener = new RunningProcess(limited(process.execPath, program), {})
      const lines = [await opener.line(/^SQLite: /), await opener.line(/^a file: /)]
      for (const line of lines)
        expect(line).toMatch(/: unavailable: too many files and connections are open: .*`ulimit -n`/)
      expect(await opener.ended()).toBe(0)
    },
  )
})
