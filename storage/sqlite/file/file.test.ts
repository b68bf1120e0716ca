import { describe, expect, test } from '@jest/globals'
import { readdir, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Worker } from 'node:worker_threads'
import type { StorageError } from '../../contract.ts'
import { batch, entry, idsOf, noSchema, plan, putAll, task, taskSchema } from '../../testing/fixture.ts'
import { toFailure } from './failure.ts'
import { fileName } from './file-name.ts'
import { createSqliteStorage } from '../storage.ts'
import { temporarySubject, type TemporarySubject } from '../../testing/sqlite-test-storage.ts'
import { satisfying } from '../../../tests/support/expecting.ts'

const coded = (code: StorageError['code']) => (error: Error) => (error as StorageError).code === code

async function withSubject(
  run: (subject: TemporarySubject) => Promise<void>,
  options: Parameters<typeof temporarySubject>[0] = {},
): Promise<void> {
  const subject = await temporarySubject(options)
  try {
    await run(subject)
  } finally {
    await subject.dispose()
  }
}

describe('database file', () => {
  test('STO-19: every workspace id has a file of its own inside the data folder, also on file systems that ignore case', () => {
    const ids = [
      '',
      'a',
      'A',
      'a_41',
      '_41',
      '../a',
      '/etc/passwd',
      'a/b',
      'a\\b',
      'a\u0000',
      'con',
      'é',
      'e\u0301',
      '.',
      'a'.repeat(500),
      'A'.repeat(500),
    ]
    const names = ids.map(fileName)
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(ids.length)
    for (const name of names) expect(name).toMatch(/^[wh]-[a-z0-9_-]{0,120}\.db$/)
  })

  test('STO-19: the file of a workspace is inside the data folder, whatever the workspace id', async () => {
    await withSubject(async ({ storage, directory }) => {
      const workspace = await storage.openWorkspace('../../escape', noSchema)
      await putAll(workspace, 0, [task('a')])
      await workspace.close()
      expect(await readdir(directory)).toStrictEqual([fileName('../../escape')])
    })
  })

  const damages: [name: string, damage: (file: string) => Promise<void>][] = [
    ['cut to half', async (file) => truncate(file, Math.floor((await stat(file)).size / 2))],
    ['emptied', (file) => truncate(file, 0)],
    ['overwritten', (file) => writeFile(file, 'not a database, '.repeat(1000))],
  ]
  test.each(damages)(
    'STO-21: a file that was %s is reported as damaged, and left unchanged',
    async (_name, damage) => {
      await withSubject(async ({ storage, directory }) => {
        const workspace = await storage.openWorkspace('w', taskSchema)
        await putAll(
          workspace,
          0,
          Array.from({ length: 200 }, (_, index) => task(`t${index}`)),
        )
        await workspace.close()
        const file = join(directory, fileName('w'))
        await damage(file)
        const { size } = await stat(file)
        await expect(storage.openWorkspace('w', taskSchema)).rejects.toThrow(satisfying(coded('damaged')))
        await expect(storage.openWorkspace('w', taskSchema)).rejects.toThrow(satisfying(coded('damaged')))
        expect((await stat(file)).size).toBe(size)
        expect((await storage.openWorkspace('other', taskSchema)).lastSeq).toBe(0)
      })
    },
  )

  test('STO-22: a folder that cannot be created or written is reported with a code', async () => {
    await withSubject(async ({ directory }) => {
      const blocked = join(directory, 'file')
      await writeFile(blocked, '')
      const storage = createSqliteStorage({ directory: join(blocked, 'data') })
      await expect(storage.openWorkspace('w', noSchema)).rejects.toThrow(satisfying(coded('unavailable')))
      await storage.close()
    })
  })

  test('STO-22: every failure of the system or of SQLite maps to one code', () => {
    const codes = [
      'SQLITE_READONLY_DIRECTORY',
      'EACCES',
      'EROFS',
      'ENOSPC',
      'SQLITE_FULL',
      'SQLITE_CORRUPT_VTAB',
      'SQLITE_NOTADB',
      'SQLITE_BUSY',
      'EMFILE',
      'SQLITE_TOOBIG',
      'SQLITE_ERROR',
      'ERR_X',
    ]
    const found = codes.map((code) => toFailure(Object.assign(new Error('x'), { code })).code)
    expect(found).toStrictEqual([
      'read-only',
      'read-only',
      'read-only',
      'full',
      'full',
      'damaged',
      'damaged',
      'unavailable',
      'unavailable',
      'too-large',
      undefined,
      undefined,
    ])
  })

  test('STO-23: a full disk refuses a batch as a whole, and commits continue when there is room again', async () => {
    await withSubject(
      async ({ storage }) => {
        const workspace = await storage.openWorkspace('w', noSchema)
        const big = (id: string) => task(id, { text: 'x'.repeat(20_000) })
        let last = 0
        await expect(async () => {
          for (;;) last = await putAll(workspace, last, [big(`t${last}`)])
        }).rejects.toThrow(satisfying(coded('full')))
        expect(await idsOf(workspace, {})).toHaveLength(last)
        expect(await workspace.readLog({ after: 0, limit: 1000 })).toHaveLength(last)
        await workspace.clean('task', ['t0', 't1', 't2'])
        expect(await putAll(workspace, last, [big('again')])).toBe(last + 1)
      },
      { maxFileBytes: 500_000 },
    )
  })

  test('STO-24: more workspaces than open files are served alike', async () => {
    await withSubject(
      async ({ storage }) => {
        const names = Array.from({ length: 12 }, (_, index) => `w${index}`)
        const workspaces = await Promise.all(names.map((name) => storage.openWorkspace(name, taskSchema)))
        for (let round = 0; round < 3; round++) {
          await Promise.all(
            workspaces.map((workspace, index) =>
              putAll(workspace, round, [task(`t${round}`, { rank: String(index) })]),
            ),
          )
        }
        for (const [index, workspace] of workspaces.entries()) {
          expect(
            (await workspace.find(plan())).map((doc) => [doc._id, Reflect.get(doc, 'rank')]),
          ).toStrictEqual(['t0', 't1', 't2'].map((id) => [id, String(index)]))
        }
      },
      { maxOpenFiles: 3, writers: 2, readers: 2 },
    )
  })

  test('STO-25: a worker that ends rejects its pending calls, and is replaced', async () => {
    const workers: Worker[] = []
    const logged: string[] = []
    const logger = { error: (_fields: unknown, message: string) => void logged.push(message) }
    await withSubject(
      async ({ storage }) => {
        const workspace = await storage.openWorkspace('w', taskSchema)
        await putAll(workspace, 0, [task('a')])
        await idsOf(workspace, {})
        expect(workers).toHaveLength(2)
        const ended = Promise.all(workers.map((worker) => worker.terminate()))
        await expect(workspace.find(plan())).rejects.toThrow(satisfying(coded('unavailable')))
        await ended
        expect(logged).toHaveLength(2)
        expect(await idsOf(workspace, {})).toStrictEqual(['a'])
        await workspace.commit(batch({ entries: [entry(2)], puts: [{ domain: 'task', doc: task('b') }] }))
        expect(await idsOf(workspace, {})).toStrictEqual(['a', 'b'])
        expect(workers).toHaveLength(4)
      },
      { workerStarted: (worker) => workers.push(worker), logger },
    )
  })

  test('STO-87: the reply to a commit can be polled before the event loop delivers it', async () => {
    await withSubject(async ({ storage }) => {
      const workspace = await storage.openWorkspace('w', taskSchema)
      const events: string[] = []
      setImmediate(() => events.push('turn'))
      const commit = workspace.commit(batch({ entries: [entry(1)] })).then(() => events.push('committed'))
      for (const until = performance.now() + 10_000; events.length === 0 && performance.now() < until;) {
        workspace.pollReplies?.()
        await Promise.resolve()
      }
      expect(events).toStrictEqual(['committed'])
      await commit
      expect((await workspace.readLog({ after: 0, limit: 10 })).length).toStrictEqual(1)
    })
  })
})
