import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { atrium, type Environment, RunningAtrium, temporaryFolder } from '../support/executable.ts'
import { root } from '../support/root.ts'

const task = 'board:class:Task'
const first = '000000de0100000000000001'

/** What a person sees who types the line in another terminal. */
async function typed(line: string): Promise<string> {
  const env = { PATH: process.env['PATH'] ?? '' }
  const child = spawn('sh', ['-c', line], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  return await text(child.stdout)
}

test('CFG-53: what start says to try works as it stands, whatever the port, the host and the data folder', async (context) => {
  const folder = await temporaryFolder(context)
  const env: Environment = {
    ATRIUM_DATA: join(folder, "ann's data"),
    ATRIUM_PORT: '0',
    ATRIUM_HOST: 'localhost',
  }
  const server = new RunningAtrium(context, ['start'], env, { cwd: root })
  const port = new URL(await server.url()).port
  const line = await server.line(/scripts\/atrium find demo/)
  assert.ok(line.includes(`ATRIUM_HOST=localhost ATRIUM_PORT=${port} ATRIUM_DATA='${folder}/ann'`), line)
  const found = await typed(line)
  assert.equal(found.trim().split('\n').length, 3)
  await server.line(/scripts\/atrium update demo/)
  const changed = await typed(server.lines.find((each) => each.includes('atrium update')) ?? '')
  assert.equal((JSON.parse(changed) as { status: string }).status, 'done')
})

test('CFG-53: a secret is not told, but that it is needed', async (context) => {
  const secret = 'hush'.repeat(8)
  const env = { ATRIUM_DATA: await temporaryFolder(context), ATRIUM_PORT: '0', ATRIUM_SECRET: secret }
  const server = new RunningAtrium(context, ['start'], env)
  await server.line(/with ATRIUM_SECRET set as it is here/)
  assert.ok(!server.lines.join('').includes('hush'))
})

test('CFG-54: once a server listens, triggers have taken in the demo, and watch shows first what somebody changes', async (context) => {
  const env = { ATRIUM_DATA: await temporaryFolder(context), ATRIUM_PORT: '0' }
  const server = new RunningAtrium(context, ['start'], env)
  const url = await server.url()
  const watch = new RunningAtrium(context, ['watch', 'demo', '--as', 'ann', '--url', url], env)
  await watch.said(/watching demo/)
  const update = ['update', 'demo', task, first, '{"status":"done"}', '--as', 'bob', '--url', url]
  const updating = new RunningAtrium(context, update, env)
  // Who is online is told too.
  const line = await watch.line(/^(?!.*core:class:UserStatus)/)
  const { _class, objectId } = JSON.parse(line) as { _class: string; objectId: string }
  assert.deepEqual([_class, objectId], ['core:class:TxUpdateDoc', first])
  assert.equal(await updating.ended(), 0)
})

test('CFG-61: find says how many documents there are beyond its limit', async (context) => {
  const env: Environment = {
    ATRIUM_DATA: await temporaryFolder(context),
    ATRIUM_PORT: '0',
    ATRIUM_DEMO: '0',
    ATRIUM_ACCOUNTS: 'none',
  }
  const server = new RunningAtrium(context, ['start'], env)
  const find = ['find', 'w1', 'core:class:Class', '--as', 'ann', '--url', await server.url()]
  const some = await atrium([...find, '--limit', '2'], env)
  assert.equal(some.stdout.trim().split('\n').length, 2)
  assert.match(some.stderr, /^\d+ more: --limit prints more than 2\n$/)
  assert.equal((await atrium([...find, '--limit', '1000'], env)).stderr, '')
})
