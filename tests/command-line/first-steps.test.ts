import { describe, expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { atrium, type Environment, RunningAtrium, temporaryFolder } from '../support/executable.ts'
import { root } from '../support/root.ts'
import { expectFor } from '../support/expecting.ts'

const task = 'board:class:Task'
const first = '000000de0100000000000001'

/** The output for a person who types the line in another terminal. */
async function typed(line: string): Promise<string> {
  const env = { PATH: process.env['PATH'] ?? '' }
  const child = spawn('sh', ['-c', line], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  return await text(child.stdout)
}

describe('first steps', () => {
  test('CFG-53: the commands that start prints work as they stand, whatever the port, the host and the data folder', async () => {
    const folder = await temporaryFolder()
    const env: Environment = {
      ATRIUM_DATA: join(folder, "ann's data"),
      ATRIUM_PORT: '0',
      ATRIUM_HOST: 'localhost',
    }
    const server = new RunningAtrium(['start'], env, { cwd: root })
    const port = new URL(await server.url()).port
    const line = await server.line(/scripts\/atrium find demo/)
    expectFor(line, line).toContain(`ATRIUM_HOST=localhost ATRIUM_PORT=${port} ATRIUM_DATA='${folder}/ann'`)
    const found = await typed(line)
    expect(found.trim().split('\n')).toHaveLength(3)
    await server.line(/scripts\/atrium update demo/)
    const changed = await typed(server.lines.find((each) => each.includes('atrium update')) ?? '')
    expect((JSON.parse(changed) as { status: string }).status).toBe('done')
  })

  test('CFG-53: a secret is not printed, but the commands that need it say so', async () => {
    const secret = 'hush'.repeat(8)
    const env = { ATRIUM_DATA: await temporaryFolder(), ATRIUM_PORT: '0', ATRIUM_SECRET: secret }
    const server = new RunningAtrium(['start'], env)
    await server.line(/with ATRIUM_SECRET set as it is here/)
    expect(server.lines.join('')).not.toContain('hush')
  })

  test('CFG-54: once a server listens, triggers have processed the demo, and the first change that watch prints is one of a user', async () => {
    const env = { ATRIUM_DATA: await temporaryFolder(), ATRIUM_PORT: '0' }
    const server = new RunningAtrium(['start'], env)
    const url = await server.url()
    const watch = new RunningAtrium(['watch', 'demo', '--as', 'ann', '--url', url], env)
    await watch.said(/watching demo/)
    const update = ['update', 'demo', task, first, '{"status":"done"}', '--as', 'bob', '--url', url]
    const updating = new RunningAtrium(update, env)
    // The online status is printed too.
    const line = await watch.line(/^(?!.*core:class:UserStatus)/)
    const { _class, objectId } = JSON.parse(line) as { _class: string; objectId: string }
    expect([_class, objectId]).toStrictEqual(['core:class:TxUpdateDoc', first])
    expect(await updating.ended()).toBe(0)
  })

  test('CFG-61: find prints how many documents exist beyond its limit', async () => {
    const env: Environment = {
      ATRIUM_DATA: await temporaryFolder(),
      ATRIUM_PORT: '0',
      ATRIUM_DEMO: '0',
      ATRIUM_ACCOUNTS: 'none',
    }
    const server = new RunningAtrium(['start'], env)
    const find = ['find', 'w1', 'core:class:Class', '--as', 'ann', '--url', await server.url()]
    const some = await atrium([...find, '--limit', '2'], env)
    expect(some.stdout.trim().split('\n')).toHaveLength(2)
    expect(some.stderr).toMatch(/^\d+ more: --limit prints more than 2\n$/)
    expect((await atrium([...find, '--limit', '1000'], env)).stderr).toBe('')
  })
})
