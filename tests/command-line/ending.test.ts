import { describe, expect, test } from '@jest/globals'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  atrium,
  type Environment,
  RunningAtrium,
  RunningProcess,
  temporaryFolder,
} from '../support/executable.ts'
import { root } from '../support/root.ts'
import { waitUntil } from '../support/wait-until.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { expectFor } from '../support/expecting.ts'

async function settings(): Promise<Environment> {
  return { ATRIUM_DATA: await temporaryFolder(), ATRIUM_PORT: '0', ATRIUM_DEMO: '0' }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}

/** A module that executes the statements when it is loaded. */
async function moduleOf(statements: string): Promise<string> {
  const file = join(await temporaryFolder(), 'module.mjs')
  await writeFile(file, `${statements}\nexport default { name: 'held', model: [] }\n`)
  return file
}

/** Reports the process id of the server, and when it has stopped gracefully. */
const telling = `
process.stdout.write('server ' + process.pid + '\\n')
process.on('exit', (code) => process.stderr.write('ended with ' + code + '\\n'))
`

describe('the end of a server', () => {
  test.each(['SIGTERM', 'SIGKILL', 'SIGHUP'] as const)(
    'CFG-47: a server that npm started ends gracefully once npm has ended (%s)',
    async (signal) => {
      const env = { ...(await settings()), ATRIUM_MODULES: await moduleOf(telling) }
      const npm = new RunningProcess(['npm', 'start'], env, { cwd: root, detached: true })
      const server = Number((await npm.line(/^server \d+/)).split(' ')[1])
      onTestEnd(() => isGone(server) || process.kill(server, 'SIGKILL'))
      await npm.line(/listening on/)
      expect(server).not.toBe(npm.child.pid)
      npm.child.kill(signal)
      // Remaining processes keep these open.
      await npm.ended()
      expect(npm.stderr).toMatch(/ended with 0/)
    },
  )

  test('CFG-47: a server continues without its parent process when that is not npm', async () => {
    const bootstrap = join(root, 'scripts', 'bootstrap', 'start.js')
    const startedBy = async (more: Environment) => {
      const env = { ...(await settings()), ATRIUM_MODULES: await moduleOf(telling), ...more }
      const words = ['sh', '-c', '"$0" "$1" & wait', process.execPath, bootstrap]
      const shell = new RunningProcess(words, env)
      const server = Number((await shell.line(/^server \d+/)).split(' ')[1])
      onTestEnd(() => isGone(server) || process.kill(server, 'SIGKILL'))
      return { shell, server, url: (await shell.line(/listening on/)).replace(/^.*(?=http:)/, '') }
    }
    const service = await startedBy({})
    const ofNpm = await startedBy({ npm_lifecycle_event: 'start' })
    for (const { shell } of [service, ofNpm]) shell.child.kill('SIGKILL')
    await ofNpm.shell.ended()
    expect(ofNpm.shell.stderr).toMatch(/ended with 0\n$/)
    expect((await fetch(`${service.url}/health`)).status).toBe(200)
    process.kill(service.server, 'SIGTERM')
    await service.shell.ended()
    expect(service.shell.stderr).toBe('ended with 0\n')
  })

  test('CFG-49: a start that is told to stop ends gracefully, whatever it waits for', async () => {
    const never = await moduleOf(
      `process.stdout.write('waits\\n'); await new Promise(() => setInterval(() => 0, 1e6))`,
    )
    const env = { ...(await settings()), ATRIUM_STOP_TIMEOUT: '1' }
    const waiting = new RunningAtrium(['start', '--modules', never], env)
    await waiting.line(/^waits/)
    expectFor(waiting.stderr, await waiting.end('SIGTERM')).toBe(0)
    // While it creates the demo; the next start continues an interrupted creation.
    const filling = new RunningAtrium(['start', '--demo', '1'], { ...env, ATRIUM_LOG_LEVEL: 'info' })
    await filling.said(/"workspace":"demo".*a migration was applied/)
    expectFor(filling.stderr, await filling.end('SIGTERM')).toBe(0)
    expect(filling.stderr).not.toMatch(/not filled/)
    const again = new RunningAtrium(['start', '--demo', '1'], env)
    const url = await again.url()
    const count = ['find', 'demo', 'board:class:Task', '--limit', '3000', '--as', 'ann', '--url', url]
    const { stdout } = await atrium(count, env)
    expect(stdout.trim().split('\n')).toHaveLength(2000)
    expect(await again.end('SIGTERM')).toBe(0)
  })

  test('CFG-65: a start that gets signals before the server exists is ended only by the ones that end it, with 0', async () => {
    const starting = new RunningAtrium(['start'], await settings())
    // From the moment at which signals are caught.
    const status = () => readFile(`/proc/${starting.child.pid}/status`, 'utf8')
    await waitUntil(async () => /^SigCgt:.*[13579bdf]$/m.test(await status()), 'SIGHUP being caught')
    for (let times = 0; times < 3; times++) starting.child.kill('SIGHUP')
    expect(await starting.end('SIGTERM')).toBe(0)
    expect(starting.stderr).toBe('')
  })

  test('CFG-50: repeated signals end a server once, gracefully', async () => {
    const server = new RunningAtrium(['start'], await settings())
    await server.url()
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const) server.child.kill(signal)
    expect(await server.end('SIGTERM')).toBe(0)
    expect(server.stderr).toBe('')
  })

  test('CFG-50: a reader that closes the output ends no server', async () => {
    const server = new RunningAtrium(['start'], await settings())
    const url = await server.url()
    server.child.stdout.destroy()
    // Makes it write a line.
    server.child.kill('SIGHUP')
    expect((await fetch(`${url}/health`)).status).toBe(200)
    expect(await server.end('SIGTERM')).toBe(0)
    expect(server.stderr).toBe('')
  })
})
