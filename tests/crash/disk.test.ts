import assert from 'node:assert/strict'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
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

const DISK_BYTES = 24 * 1024 * 1024
/** More than any disk of this size takes. */
const MOST = 50_000
const settings = { ATRIUM_LOG_LEVEL: 'silent', ATRIUM_IDLE_TIMEOUT: '0' }

const tried = smallDisk(DISK_BYTES)
const missing = 'missing' in tried ? { skip: tried.missing } : {}
if (!('missing' in tried)) tried.remove()

const coded = (code: string) => (error: unknown) => error instanceof StatusError && error.status.code === code

/** Commits, many at a time, until one is refused; resolves with what was acknowledged. */
async function commitUntilRefused(
  connection: Connection,
  isExpected: (error: unknown) => boolean,
  prefix: string,
): Promise<string[]> {
  const acknowledged: string[] = []
  for (let at = 0; acknowledged.length === at; at += 10) {
    assert.ok(at < MOST, 'nothing is refused')
    const ids = Array.from({ length: 10 }, (_, index) => `${prefix}-${at + index}`)
    const outcomes = ids.map(async (id) => {
      try {
        await connection.tx(createTask(id, id as Ref))
        acknowledged.push(id)
      } catch (error) {
        assert.ok(isExpected(error), String(error))
      }
    })
    await Promise.all(outcomes)
  }
  return acknowledged
}

type Small = Exclude<ReturnType<typeof smallDisk>, { missing: string }>

/** A server whose workspaces are on a disk of their own. */
async function onSmallDisk(
  context: TestContext,
  run: (small: Small, server: ServerProcess, data: string) => Promise<void>,
): Promise<void> {
  const small = smallDisk(DISK_BYTES)
  if ('missing' in small) throw new Error(small.missing)
  context.after(() => small.remove())
  // The lock of the data folder is a file that stays open: nothing is made read-only then.
  const data = await temporaryFolder(context)
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
  assert.deepEqual(
    ids.filter((id) => !found.has(id)),
    [],
    'what was acknowledged is there',
  )
  const tool = await enter(server, 'disk', { claims: { email: SYSTEM_EMAIL, mode: 'backup' } })
  const { flaws, differences } = await tool.request<Verification>('verify')
  assert.deepEqual({ flaws, differences }, { flaws: [], differences: [] })
  tool.close()
}

test(
  'STO-55: a full disk refuses commits with StorageFull, and they go on when there is room',
  missing,
  async (t) => {
    await onSmallDisk(t, async (small, server, data) => {
      const full = coded('platform:status:StorageFull')
      const connection = await setUp(server, 'disk')
      await connection.tx(createTask('first', 'first' as Ref))
      small.fill()
      const acknowledged = ['first', ...(await commitUntilRefused(connection, full, 'full'))]
      await assert.rejects(connection.tx(createTask('late', 'late' as Ref)), full)
      const other = await enter(server, 'disk')
      await checkWhole(server, other, acknowledged)
      await assert.rejects(enter(server, 'another'), StatusError)
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

test(
  'STO-56: on a disk that is read-only a workspace is refused by a code, and opens when it is not',
  missing,
  async (t) => {
    await onSmallDisk(t, async (small, server) => {
      const connection = await setUp(server, 'disk')
      await connection.tx(createTask('first', 'first' as Ref))
      connection.close()
      await waitUntil(() => isReadOnly(small), 'a disk without open files')
      for (const workspace of ['disk', 'new'])
        await assert.rejects(enter(server, workspace), coded('platform:status:StorageReadOnly'))
      small.setReadOnly(false)
      const back = await enter(server, 'disk')
      await back.tx(createTask('second', 'second' as Ref))
      await checkWhole(server, back, ['first', 'second'])
      await (await enter(server, 'new')).tx(createProject('project'))
    })
  },
)

/** It can't be, while a file is open. */
function isReadOnly(small: Small): boolean {
  try {
    small.setReadOnly(true)
    return true
  } catch {
    return false
  }
}
