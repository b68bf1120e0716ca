import { describe, expect } from '@jest/globals'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Connection } from '../../client/connection/connection.ts'
import { board } from '../../examples/board/model.ts'
import type { Ref } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { Verification } from '../../pipeline/verify/verify-log.ts'
import { WORKSPACES } from '../../server/startup/data-folder.ts'
import { temporaryFolder } from '../support/executable.ts'
import { SYSTEM_EMAIL } from '../../server/auth/tokens.ts'
import { enter, setUp } from './entering.ts'
import { ServerProcess } from './server-process.ts'
import { smallDisk } from './small-disk.ts'
import { waitUntil } from '../support/wait-until.ts'
import { createProject, createTask } from './transactions.ts'
import { expectFor, satisfying } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { testUnless } from '../support/test-unless.ts'

const DISK_BYTES = 24 * 1024 * 1024
/** Larger than any disk of this size. */
const MOST = 50_000
const settings = { ATRIUM_LOG_LEVEL: 'silent', ATRIUM_IDLE_TIMEOUT: '0' }

const tried = smallDisk(DISK_BYTES)
const missing = 'missing' in tried ? tried.missing : undefined
if (!('missing' in tried)) tried.remove()

const coded = (code: string) => (error: unknown) => error instanceof StatusError && error.status.code === code

/** Commits, many at a time, until one is refused; resolves with the acknowledged ones. */
async function commitUntilRefused(
  connection: Connection,
  isExpected: (error: unknown) => boolean,
  prefix: string,
): Promise<string[]> {
  const acknowledged: string[] = []
  for (let at = 0; acknowledged.length === at; at += 10) {
    // Nothing is refused.
    expect(at).toBeLessThan(MOST)
    const ids = Array.from({ length: 10 }, (_, index) => `${prefix}-${at + index}`)
    const outcomes = ids.map(async (id) => {
      try {
        await connection.tx(createTask(id, id as Ref))
        acknowledged.push(id)
      } catch (error) {
        expectFor(String(error), isExpected(error)).toBe(true)
      }
    })
    await Promise.all(outcomes)
  }
  return acknowledged
}

type Small = Exclude<ReturnType<typeof smallDisk>, { missing: string }>

/** A server whose workspaces are on a separate disk. */
async function onSmallDisk(
  run: (small: Small, server: ServerProcess, data: string) => Promise<void>,
): Promise<void> {
  const small = smallDisk(DISK_BYTES)
  if ('missing' in small) throw new Error(small.missing)
  onTestEnd(() => small.remove())
  // The lock of the data folder is an open file, which prevents a read-only mount.
  const data = await temporaryFolder()
  await symlink(small.folder, join(data, WORKSPACES))
  const server = await ServerProcess.start(data, settings)
  try {
    await run(small, server, data)
  } finally {
    await server.kill()
  }
}

async function checkWhole(
  server: ServerProcess,
  connection: Connection,
  ids: readonly string[],
): Promise<void> {
  const found = new Set((await connection.findAll(board.class.Task)).map(({ _id }) => _id as string))
  // Acknowledged transactions exist.
  expect(ids.filter((id) => !found.has(id))).toStrictEqual([])
  const tool = await enter(server, 'disk', { claims: { email: SYSTEM_EMAIL, mode: 'backup' } })
  const { flaws, differences } = await tool.request<Verification>('verify')
  expect({ flaws, differences }).toStrictEqual({ flaws: [], differences: [] })
  tool.close()
}

describe('full and read-only disks', () => {
  testUnless(missing)(
    'STO-55: a full disk refuses commits with StorageFull, and commits continue when there is room',
    async () => {
      await onSmallDisk(async (small, server, data) => {
        const full = coded('platform:status:StorageFull')
        const connection = await setUp(server, 'disk')
        await connection.tx(createTask('first', 'first' as Ref))
        small.fill()
        const acknowledged = ['first', ...(await commitUntilRefused(connection, full, 'full'))]
        await expect(connection.tx(createTask('late', 'late' as Ref))).rejects.toThrow(satisfying(full))
        const other = await enter(server, 'disk')
        await checkWhole(server, other, acknowledged)
        await expect(enter(server, 'another')).rejects.toThrow(StatusError)
        small.free()
        await connection.tx(createTask('late', 'late' as Ref))
        await other.tx(createTask('later', 'later' as Ref))
        const late = await enter(server, 'another')
        await late.tx(createProject('project'))
        await checkWhole(server, connection, [...acknowledged, 'late', 'later'])
        await server.kill()
        const again = await ServerProcess.start(data, settings)
        await checkWhole(again, await enter(again, 'disk'), [...acknowledged, 'late', 'later'])
        await again.kill()
      })
    },
  )

  testUnless(missing)(
    'STO-56: on a read-only disk a workspace is refused with a code, and opens when the disk is writable',
    async () => {
      await onSmallDisk(async (small, server) => {
        const connection = await setUp(server, 'disk')
        await connection.tx(createTask('first', 'first' as Ref))
        connection.close()
        await waitUntil(() => isReadOnly(small), 'a disk without open files')
        for (const workspace of ['disk', 'new'])
          await expect(enter(server, workspace)).rejects.toThrow(
            satisfying(coded('platform:status:StorageReadOnly')),
          )
        small.setReadOnly(false)
        const back = await enter(server, 'disk')
        await back.tx(createTask('second', 'second' as Ref))
        await checkWhole(server, back, ['first', 'second'])
        await (await enter(server, 'new')).tx(createProject('project'))
      })
    },
  )

  /** A mount cannot become read-only while a file is open. */
  function isReadOnly(small: Small): boolean {
    try {
      small.setReadOnly(true)
      return true
    } catch {
      return false
    }
  }
})
