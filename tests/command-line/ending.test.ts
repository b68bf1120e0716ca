import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  atrium,
  type Environment,
  RunningAtrium,
  RunningProcess,
  temporaryFolder,
} from '../support/executable.ts'
import { root } from '../support/root.ts'
import { waitUntil } from '../support/wait-until.ts'

async function settings(context: TestContext): Promise<Environment> {
  return { ATRIUM_DATA: await temporaryFolder(context), ATRIUM_PORT: '0', ATRIUM_DEMO: '0' }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}

/** A module whose loading does what the statements say. */
async function moduleOf(context: TestContext, statements: string): Promise<string> {
  const file = join(await temporaryFolder(context), 'module.mjs')
  await writeFile(file, `${statements}\nexport default { name: 'held', model: [] }\n`)
  return file
}

/** Tells the process number of the server, and when it has stopped in good order. */
const telling = `
process.stdout.write('server ' + process.pid + '\\n')
process.on('exit', (code) => process.stderr.write('ended with ' + code + '\\n'))
`

for (const signal of ['SIGTERM', 'SIGKILL', 'SIGHUP'] as const) {
  test(`CFG-47: a server that npm started ends in good order once npm is gone (${signal})`, async (context) => {
    const env = { ...(await settings(context)), ATRIUM_MODULES: await moduleOf(context, telling) }
    const npm = new RunningProcess(context, ['npm', 'start'], env, { cwd: root, detached: true })
    const server = Number((await npm.line(/^server \d+/)).split(' ')[1])
    context.after(() => isGone(server) || process.kill(server, 'SIGKILL'))
    await npm.line(/listening on/)
    assert.notEqual(server, npm.child.pid)
    npm.child.kill(signal)
    // Whatever of it is left holds these open.
    await npm.ended()
    assert.match(npm.stderr, /ended with 0/)
  })
}

test('CFG-47: a server goes on without the process that started it where that is not npm', async (context) => {
  const bootstrap = join(root, 'scripts', 'bootstrap', 'start.js')
  const startedBy = async (more: Environment) => {
    const env = { ...(await settings(context)), ATRIUM_MODULES: await moduleOf(context, telling), ...more }
    const words = ['sh', '-c', '"$0" "$1" & wait', process.execPath, bootstrap]
    const shell = new RunningProcess(context, words, env)
    const server = Number((await shell.line(/^server \d+/)).split(' ')[1])
    context.after(() => isGone(server) || process.kill(server, 'SIGKILL'))
    return { shell, server, url: (await shell.line(/listening on/)).replace(/^.*(?=http:)/, '') }
  }
  const service = await startedBy({})
  const ofNpm = await startedBy({ npm_lifecycle_event: 'start' })
  for (const { shell } of [service, ofNpm]) shell.child.kill('SIGKILL')
  await ofNpm.shell.ended()
  assert.match(ofNpm.shell.stderr, /ended with 0\n$/)
  assert.equal((await fetch(`${service.url}/health`)).status, 200)
  process.kill(service.server, 'SIGTERM')
  await service.shell.ended()
  assert.equal(service.shell.stderr, 'ended with 0\n')
})

test('CFG-49: a start that is told to stop ends in good order, whatever it waits for', async (context) => {
  const never = await moduleOf(
    context,
    `process.stdout.write('waits\\n'); await new Promise(() => setInterval(() => 0, 1e6))`,
  )
  const env = { ...(await settings(context)), ATRIUM_STOP_TIMEOUT: '1' }
  const waiting = new RunningAtrium(context, ['start', '--modules', never], env)
  await waiting.line(/^waits/)
  assert.equal(await waiting.end('SIGTERM'), 0, waiting.stderr)
  // While it fills the demo; what was cut short goes on with the next start.
  const filling = new RunningAtrium(context, ['start', '--demo', '1'], { ...env, ATRIUM_LOG_LEVEL: 'info' })
  await filling.said(/"workspace":"demo".*a migration was applied/)
  assert.equal(await filling.end('SIGTERM'), 0, filling.stderr)
  assert.doesNotMatch(filling.stderr, /not filled/)
  const again = new RunningAtrium(context, ['start', '--demo', '1'], env)
  const url = await again.url()
  const count = ['find', 'demo', 'board:class:Task', '--limit', '3000', '--as', 'ann', '--url', url]
  const { stdout } = await atrium(count, env)
  assert.equal(stdout.trim().split('\n').length, 2000)
  assert.equal(await again.end('SIGTERM'), 0)
})

test('CFG-65: a start that gets signals before the server is there is ended by none but those that end it, with 0', async (context) => {
  const starting = new RunningAtrium(context, ['start'], await settings(context))
  // From when signals are caught on.
  const status = () => readFile(`/proc/${starting.child.pid}/status`, 'utf8')
  await waitUntil(async () => /^SigCgt:.*[13579bdf]$/m.test(await status()), 'SIGHUP being caught')
  for (let times = 0; times < 3; times++) starting.child.kill('SIGHUP')
  assert.equal(await starting.end('SIGTERM'), 0)
  assert.equal(starting.stderr, '')
})

test('CFG-50: signals that come several times end a server once, in good order', async (context) => {
  const server = new RunningAtrium(context, ['start'], await settings(context))
  await server.url()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const) server.child.kill(signal)
  assert.equal(await server.end('SIGTERM'), 0)
  assert.equal(server.stderr, '')
})

test('CFG-50: a reader of the output that goes away ends no server', async (context) => {
  const server = new RunningAtrium(context, ['start'], await settings(context))
  const url = await server.url()
  server.child.stdout.destroy()
  // Has it write a line.
  server.child.kill('SIGHUP')
  assert.equal((await fetch(`${url}/health`)).status, 200)
  assert.equal(await server.end('SIGTERM'), 0)
  assert.equal(server.stderr, '')
})
