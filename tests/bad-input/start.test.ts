import { describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { makePrivateFolder } from '../../storage/shared/private-files.ts'
import { smallDisk } from '../crash/small-disk.ts'
import { atrium, type Ended, RunningAtrium, temporaryFolder } from '../support/executable.ts'
import { damagedAccounts } from '../support/damaged-accounts.ts'
import { expectFor } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { testUnless } from '../support/test-unless.ts'

/** The user `nobody`, where the tests run as root. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534 } : {}

const tried = smallDisk(64 * 1024)
const noDisk = 'missing' in tried ? tried.missing : undefined
if (!('missing' in tried)) tried.remove()

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.address === '::1')
const noIpv6 = hasIpv6 ? undefined : 'this machine has no ::1'

/** One line that names the cause, without a stack. */
function assertOneLine({ code, stdout, stderr }: Ended, expected: number, pattern: RegExp): void {
  const lines = stderr.trim().split('\n')
  expectFor(stderr, [code, stdout, lines.length]).toStrictEqual([expected, '', 1])
  expect(lines[0] ?? '').toMatch(pattern)
}

describe('a start that fails', () => {
  test('CFG-10: a port in use ends the start with one line that names it, and exit code 1', async () => {
    const data = await temporaryFolder()
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    onTestEnd(() => blocker.close())
    const { port } = blocker.address() as AddressInfo
    const ended = await atrium(['start'], { ATRIUM_DATA: data, ATRIUM_PORT: String(port), ATRIUM_DEMO: '0' })
    assertOneLine(ended, 1, new RegExp(`^atrium: port ${port} of 127.0.0.1 is in use: .*ATRIUM_PORT`))
  })

  test('CFG-11: a data folder that cannot be created or written ends the start with one line that names it', async () => {
    const folder = await temporaryFolder()
    await chmod(folder, 0o755)
    const file = join(folder, 'file')
    await writeFile(file, '')
    const env = { ATRIUM_PORT: '0', ATRIUM_DEMO: '0' }
    const below = await atrium(['start'], { ...env, ATRIUM_DATA: join(file, 'data') })
    assertOneLine(below, 1, /^atrium: the data folder .* cannot be (made|written).*ATRIUM_DATA/)
    const closed = join(folder, 'closed')
    await mkdir(closed, { mode: 0o555 })
    for (const secret of [{}, { ATRIUM_SECRET: 'x'.repeat(32) }] as Record<string, string>[]) {
      const ended = await atrium(['start'], { ...env, ...secret, ATRIUM_DATA: closed }, nobody)
      assertOneLine(ended, 1, /^atrium: the data folder .* cannot be (made|written).*ATRIUM_DATA/)
    }
  })

  test('CFG-11: a data folder at an impossible path, or that is another kind of file, ends the start without a retry loop', async () => {
    const folder = await temporaryFolder()
    const [file, loop, dangling] = ['file', 'loop', 'dangling'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    await writeFile(file, '')
    await symlink(loop, loop)
    await symlink(join(folder, 'nowhere'), dangling)
    // Folders of the system in which nobody can create folders.
    const system = process.platform === 'linux' ? ['/proc/x', '/proc/x/y', '/proc', '/sys/x'] : []
    const long = 'x'.repeat(300)
    for (const data of [file, loop, dangling, join(dangling, 'x'), join(folder, long), ...system]) {
      const ended = await atrium(['start'], { ATRIUM_PORT: '0', ATRIUM_DEMO: '0', ATRIUM_DATA: data })
      assertOneLine(ended, 1, /^atrium: the data folder .* cannot be (made|written).*set ATRIUM_DATA/)
    }
    await expect(makePrivateFolder(file)).rejects.toThrow(expect.objectContaining({ code: 'EEXIST' }))
  })

  testUnless(noDisk)('CFG-11: a full disk ends the start with one line that reports it', async () => {
    const small = smallDisk(1024 * 1024)
    if ('missing' in small) throw new Error(small.missing)
    onTestEnd(() => small.remove())
    small.fill()
    const ended = await atrium(['start'], { ATRIUM_PORT: '0', ATRIUM_DEMO: '0', ATRIUM_DATA: small.folder })
    assertOneLine(ended, 1, /^atrium: the disk of the data folder .* is full$/)
  })

  test('CFG-10: a host that the machine does not have, and a port that is not permitted, are named', async () => {
    const env = { ATRIUM_DATA: await temporaryFolder(), ATRIUM_DEMO: '0' }
    for (const host of ['203.0.113.7', 'no-such-host.invalid']) {
      const ended = await atrium(['start'], { ...env, ATRIUM_PORT: '0', ATRIUM_HOST: host })
      assertOneLine(ended, 1, new RegExp(`^atrium: ${host} is no address of this machine: set ATRIUM_HOST`))
    }
  })

  testUnless(noIpv6)(
    'CFG-42: a server on an IPv6 address is reachable by commands that are given the address',
    async () => {
      const env = { ATRIUM_DATA: await temporaryFolder(), ATRIUM_DEMO: '0', ATRIUM_HOST: '[::1]' }
      const server = new RunningAtrium(['start', '--port', '0'], env)
      const url = await server.url()
      expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/)
      const port = url.split(':').at(-1) ?? ''
      const made = await atrium(['workspace', 'create', 'team', '--owner', 'ann'], {
        ...env,
        ATRIUM_PORT: port,
      })
      expect(made).toStrictEqual({ code: 0, stdout: 'team\n', stderr: '' })
      const found = await atrium(['find', 'team', 'core:class:Space', '--as', 'ann'], {
        ...env,
        ATRIUM_PORT: port,
      })
      expect([found.code, found.stderr]).toStrictEqual([0, ''])
    },
  )

  test('LIM-59: a wrong address or port of the metrics is named by its own option', async () => {
    const env = { ATRIUM_DATA: await temporaryFolder(), ATRIUM_DEMO: '0', ATRIUM_PORT: '0' }
    for (const host of ['203.0.113.7', 'no-such-host.invalid']) {
      const metrics = { ATRIUM_METRICS_HOST: host, ATRIUM_METRICS_PORT: '0' }
      const ended = await atrium(['start'], { ...env, ...metrics })
      assertOneLine(ended, 1, new RegExp(`^atrium: ${host} is no address .*: set ATRIUM_METRICS_HOST$`))
    }
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    onTestEnd(() => blocker.close())
    const { port } = blocker.address() as AddressInfo
    const ended = await atrium(['start'], { ...env, ATRIUM_METRICS_PORT: String(port) })
    assertOneLine(ended, 1, new RegExp(`^atrium: port ${port} of 127.0.0.1 is in use: .*ATRIUM_METRICS_PORT`))
  })

  test('CFG-12: a damaged file of the accounts ends the start with one line', async () => {
    const data = await damagedAccounts()
    const ended = await atrium(['start'], { ATRIUM_DATA: data, ATRIUM_PORT: '0', ATRIUM_DEMO: '0' })
    assertOneLine(ended, 1, /^atrium: a file in the data folder .* is damaged/)
  })
})
