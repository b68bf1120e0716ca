import { describe, expect, test } from '@jest/globals'
import { chmod, lstat, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { atrium, type Environment, RunningAtrium, temporaryFolder } from '../support/executable.ts'
import { expectFor } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { testUnless } from '../support/test-unless.ts'

/** Starts the work with this umask. */
function withUmask<T>(umask: number, work: () => T): T {
  const before = process.umask(umask)
  try {
    return work()
  } finally {
    process.umask(before)
  }
}

/** Modes by path, of the folder and its content. */
async function modes(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true })
  const paths = ['', ...entries]
  return Object.fromEntries(
    await Promise.all(
      paths.map(
        async (path) => [path, ((await lstat(join(folder, path))).mode & 0o777).toString(8)] as const,
      ),
    ),
  )
}

/** Folders are 0700 and files 0600, and at least these exist. */
async function assertPrivate(data: string, there: readonly string[]): Promise<void> {
  const found = await modes(data)
  expectFor(
    JSON.stringify(found),
    there.filter((path) => !(path in found)),
  ).toStrictEqual([])
  const folders = new Set(
    ['', ...Object.keys(found).map((path) => dirname(path))].map((path) => (path === '.' ? '' : path)),
  )
  for (const [path, mode] of Object.entries(found))
    expectFor(path, mode).toBe(folders.has(path) ? '700' : '600')
}

const accountsFile = join('workspaces', 'w-atrium_3aaccounts.db')
const all = ['secret', 'workspaces', ...['', '-wal', '-shm'].map((end) => `${accountsFile}${end}`)]

async function started(env: Environment, umask = 0o022): Promise<[RunningAtrium, string]> {
  const server = withUmask(umask, () => new RunningAtrium(['start'], env))
  return [server, (await server.line(/listening on/)).replace(/^.*(?=http:)/, '')]
}

const settings = (data: string): Environment => ({ ATRIUM_DATA: data, ATRIUM_PORT: '0', ATRIUM_DEMO: '0' })

for (const umask of [0o000, 0o022, 0o277]) {
  test(`CFG-13: stored files are readable by the server’s user only, whatever the umask (${umask.toString(8)})`, async () => {
    const data = join(await temporaryFolder(), 'data')
    const env = settings(data)
    const [server, url] = await started(env, umask)
    await assertPrivate(data, all)
    await atrium(['workspace', 'create', 'team', '--owner', 'ann', '--url', url], env)
    const { code } = await atrium(['find', 'team', 'core:class:Space', '--as', 'ann', '--url', url], env)
    expect(code).toBe(0)
    await assertPrivate(data, [...all, join('workspaces', 'w-team.db')])
    expect(await server.end('SIGTERM')).toBe(0)
    await assertPrivate(data, ['secret', accountsFile])
  })
}

describe('data folder', () => {
  test('CFG-13: the files of SQLite storage, and of a full-text index beside MongoDB, are readable by their user only', async () => {
    const directory = join(await temporaryFolder(), 'data', 'search')
    // The worker threads that create the files have the umask of the process.
    const before = process.umask(0)
    onTestEnd(() => process.umask(before))
    const storage = createSqliteStorage({ directory })
    onTestEnd(async () => await storage.close())
    await storage.openWorkspace('w1', { domains: [] })
    await assertPrivate(directory, ['w-w1.db', 'w-w1.db-wal', 'w-w1.db-shm'])
  })

  test('CFG-14: a start removes the permissions of others that an older version left, and does not follow links', async () => {
    const folder = await temporaryFolder()
    const data = join(folder, 'data')
    const env = settings(data)
    const [first] = await started(env)
    await first.end('SIGKILL')
    const [search, outside] = [join(data, 'search'), join(folder, 'outside')]
    await mkdir(search)
    await writeFile(join(search, 'w-team.db'), '')
    for (const [path, mode] of Object.entries(await modes(data)))
      await chmod(join(data, path), mode === '700' || path === 'search' ? 0o755 : 0o644)
    await writeFile(outside, '')
    await chmod(outside, 0o644)
    await symlink(outside, join(data, 'workspaces', 'link'))
    const [second] = await started(env)
    const { [join('workspaces', 'link')]: _, ...found } = await modes(data)
    const expected = Object.entries(found).filter(([path]) => !['', 'workspaces', 'search'].includes(path))
    expect(expected.length).toBeGreaterThanOrEqual(5)
    expect(expected.filter(([, mode]) => mode !== '600')).toStrictEqual([])
    expect([found[''], found['workspaces'], found['search']]).toStrictEqual(['700', '700', '700'])
    expect((await lstat(outside)).mode & 0o777).toBe(0o644)
    expect(await second.end('SIGTERM')).toBe(0)
  })

  testUnless(process.getuid?.() === 0 ? undefined : 'only root may serve as somebody else')(
    'CFG-14: a folder of another user is named in the log, and used',
    async () => {
      const folder = await temporaryFolder()
      await chmod(folder, 0o755)
      const data = join(folder, 'data')
      await mkdir(data)
      await chmod(data, 0o777)
      const env = { ...settings(data), ATRIUM_LOG_LEVEL: 'warn' }
      const server = new RunningAtrium(['start'], env, { uid: 65_534 })
      await server.line(/listening on/)
      expect(server.stderr).toMatch(new RegExp(`"path":"${data}".*other users of this machine`))
      expect(await server.end('SIGTERM')).toBe(0)
      const { '': own, ...rest } = await modes(data)
      expect(own).toBe('777')
      expect(rest['secret']).toStrictEqual('600')
      expect(rest['workspaces']).toStrictEqual('700')
    },
  )
})
