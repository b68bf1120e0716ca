import { describe, expect, test } from '@jest/globals'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { atrium, type Environment, RunningAtrium, temporaryFolder } from '../support/executable.ts'
import { expectFor } from '../support/expecting.ts'

async function settings(): Promise<Environment> {
  return { ATRIUM_DATA: await temporaryFolder(), ATRIUM_PORT: '0', ATRIUM_DEMO: '0' }
}

const refusal = (data: string) =>
  `atrium: another server uses the data folder ${data}: stop it, or set ATRIUM_DATA to another\n`

describe('lock of the data folder', () => {
  test('CFG-51: a second server on a data folder ends with one line and exit code 1, whatever the name of the folder', async () => {
    const env = await settings()
    const first = new RunningAtrium(['start'], env)
    const url = await first.url()
    const link = join(await temporaryFolder(), 'link')
    await symlink(env['ATRIUM_DATA'] ?? '', link)
    for (const more of [{}, { ATRIUM_STORAGE: 'memory' }, { ATRIUM_DATA: link }] as Environment[]) {
      const second = { ...env, ...more }
      const expected = { code: 1, stdout: '', stderr: refusal(second['ATRIUM_DATA'] ?? '') }
      expect(await atrium(['start'], second)).toStrictEqual(expected)
    }
    expect((await fetch(`${url}/health`)).status).toBe(200)
    expect(await first.end('SIGTERM')).toBe(0)
    const next = new RunningAtrium(['start'], env)
    await next.url()
    expect(await next.end('SIGTERM')).toBe(0)
  })

  test('CFG-51: of servers that start at once on a new folder, one serves, and a killed one releases it', async () => {
    const folder = await temporaryFolder()
    const env = { ATRIUM_DATA: join(folder, 'new', 'data'), ATRIUM_PORT: '0', ATRIUM_DEMO: '0' }
    for (let round = 0; round < 2; round++) {
      const servers = [1, 2, 3, 4].map(() => new RunningAtrium(['start'], env))
      const outcomes = await Promise.all(
        servers.map(async (server) => await Promise.race([server.url(), server.ended()]).catch(() => 1)),
      )
      const serving = servers.filter((_, index) => typeof outcomes[index] === 'string')
      expectFor(JSON.stringify(outcomes), serving).toHaveLength(1)
      for (const server of servers)
        if (!serving.includes(server)) expect(server.stderr).toBe(refusal(env.ATRIUM_DATA))
      expect(await serving[0]?.end('SIGKILL')).toBeNull()
    }
  })

  test('CFG-51: a start that fails for another reason releases the folder for the next one', async () => {
    const env = await settings()
    await writeFile(join(env['ATRIUM_DATA'] ?? '', 'secret'), 'short\n')
    expect((await atrium(['start'], env)).code).toBe(2)
    const server = new RunningAtrium(['start'], { ...env, ATRIUM_SECRET: 'x'.repeat(32) })
    await server.url()
    expect(await server.end('SIGTERM')).toBe(0)
  })
})
