import assert from 'node:assert/strict'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { atrium, type Environment, RunningAtrium, temporaryFolder } from '../support/executable.ts'

async function settings(context: TestContext): Promise<Environment> {
  return { ATRIUM_DATA: await temporaryFolder(context), ATRIUM_PORT: '0', ATRIUM_DEMO: '0' }
}

const refusal = (data: string) =>
  `atrium: another server uses the data folder ${data}: stop it, or set ATRIUM_DATA to another\n`

test('CFG-51: a second server on a data folder ends with one line and exit code 1, whatever name the folder has', async (context) => {
  const env = await settings(context)
  const first = new RunningAtrium(context, ['start'], env)
  const url = await first.url()
  const link = join(await temporaryFolder(context), 'link')
  await symlink(env['ATRIUM_DATA'] ?? '', link)
  for (const more of [{}, { ATRIUM_STORAGE: 'memory' }, { ATRIUM_DATA: link }] as Environment[]) {
    const second = { ...env, ...more }
    const expected = { code: 1, stdout: '', stderr: refusal(second['ATRIUM_DATA'] ?? '') }
    assert.deepEqual(await atrium(['start'], second), expected)
  }
  assert.equal((await fetch(`${url}/health`)).status, 200)
  assert.equal(await first.end('SIGTERM'), 0)
  const next = new RunningAtrium(context, ['start'], env)
  await next.url()
  assert.equal(await next.end('SIGTERM'), 0)
})

test('CFG-51: of servers that start at once on a new folder one serves, and who was killed gives it up', async (context) => {
  const folder = await temporaryFolder(context)
  const env = { ATRIUM_DATA: join(folder, 'new', 'data'), ATRIUM_PORT: '0', ATRIUM_DEMO: '0' }
  for (let round = 0; round < 2; round++) {
    const servers = [1, 2, 3, 4].map(() => new RunningAtrium(context, ['start'], env))
    const outcomes = await Promise.all(
      servers.map(async (server) => await Promise.race([server.url(), server.ended()]).catch(() => 1)),
    )
    const serving = servers.filter((_, index) => typeof outcomes[index] === 'string')
    assert.equal(serving.length, 1, JSON.stringify(outcomes))
    for (const server of servers)
      if (!serving.includes(server)) assert.equal(server.stderr, refusal(env.ATRIUM_DATA))
    assert.equal(await serving[0]?.end('SIGKILL'), null)
  }
})

test('CFG-51: a start that fails for another reason leaves the folder to the next one', async (context) => {
  const env = await settings(context)
  await writeFile(join(env['ATRIUM_DATA'] ?? '', 'secret'), 'short\n')
  assert.equal((await atrium(['start'], env)).code, 2)
  const server = new RunningAtrium(context, ['start'], { ...env, ATRIUM_SECRET: 'x'.repeat(32) })
  await server.url()
  assert.equal(await server.end('SIGTERM'), 0)
})
