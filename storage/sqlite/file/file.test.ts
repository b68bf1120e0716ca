import assert from 'node:assert/strict'
import { readdir, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Worker } from 'node:worker_threads'
import type { StorageError } from '../../contract.ts'
import { batch, entry, idsOf, noSchema, plan, putAll, task, taskSchema } from '../../testing/fixture.ts'
import { toFailure } from './failure.ts'
import { fileName } from './file-name.ts'
import { createSqliteStorage } from '../storage.ts'
import { temporarySubject, type TemporarySubject } from '../../testing/sqlite-test-storage.ts'

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

test('STO-19: every workspace id has a file of its own inside the folder, also where case is ignored', () => {
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
  assert.equal(new Set(names.map((name) => name.toLowerCase())).size, ids.length)
  for (const name of names) assert.match(name, /^[wh]-[a-z0-9_-]{0,120}\.db$/)
})

test('STO-19: a workspace stays in the folder whatever its id', async () => {
  await withSubject(async ({ storage, directory }) => {
    const workspace = await storage.openWorkspace('../../escape', noSchema)
    await putAll(workspace, 0, [task('a')])
    await workspace.close()
    assert.deepEqual(await readdir(directory), [fileName('../../escape')])
  })
})

const damages: [name: string, damage: (file: string) => Promise<void>][] = [
  ['cut to half', async (file) => truncate(file, Math.floor((await stat(file)).size / 2))],
  ['emptied', (file) => truncate(file, 0)],
  ['overwritten', (file) => writeFile(file, 'not a database, '.repeat(1000))],
]
for (const [name, damage] of damages) {
  test(`STO-21: a file that was ${name} is reported as damaged, and left as it is`, async () => {
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
      await assert.rejects(storage.openWorkspace('w', taskSchema), coded('damaged'))
      await assert.rejects(storage.openWorkspace('w', taskSchema), coded('damaged'))
      assert.equal((await stat(file)).size, size)
      assert.equal((await storage.openWorkspace('other', taskSchema)).lastSeq, 0)
    })
  })
}

test("STO-22: a folder that can't be made or written is reported with a code", async () => {
  await withSubject(async ({ directory }) => {
    const blocked = join(directory, 'file')
    await writeFile(blocked, '')
    const storage = createSqliteStorage({ directory: join(blocked, 'data') })
    await assert.rejects(storage.openWorkspace('w', noSchema), coded('unavailable'))
    await storage.close()
  })
})

test('STO-22: what the system and SQLite report has one code each', () => {
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
  assert.deepEqual(found, [
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

test('STO-23: a full file refuses a batch whole, and goes on when there is room again', async () => {
  await withSubject(
    async ({ storage }) => {
      const workspace = await storage.openWorkspace('w', noSchema)
      const big = (id: string) => task(id, { text: 'x'.repeat(20_000) })
      let last = 0
      await assert.rejects(async () => {
        for (;;) last = await putAll(workspace, last, [big(`t${last}`)])
      }, coded('full'))
      assert.equal((await idsOf(workspace, {})).length, last)
      assert.equal((await workspace.readLog({ after: 0, limit: 1000 })).length, last)
      await workspace.clean('task', ['t0', 't1', 't2'])
      assert.equal(await putAll(workspace, last, [big('again')]), last + 1)
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
        assert.deepEqual(
          (await workspace.find(plan())).map((doc) => [doc._id, Reflect.get(doc, 'rank')]),
          ['t0', 't1', 't2'].map((id) => [id, String(index)]),
        )
      }
    },
    { maxOpenFiles: 3, writers: 2, readers: 2 },
  )
})

test('STO-25: a worker that ends takes what was under way with it, and is replaced', async () => {
  const workers: Worker[] = []
  const logged: string[] = []
  const logger = { error: (_fields: unknown, message: string) => void logged.push(message) }
  await withSubject(
    async ({ storage }) => {
      const workspace = await storage.openWorkspace('w', taskSchema)
      await putAll(workspace, 0, [task('a')])
      await idsOf(workspace, {})
      assert.equal(workers.length, 2)
      const ended = Promise.all(workers.map((worker) => worker.terminate()))
      await assert.rejects(workspace.find(plan()), coded('unavailable'))
      await ended
      assert.equal(logged.length, 2)
      assert.deepEqual(await idsOf(workspace, {}), ['a'])
      await workspace.commit(batch({ entries: [entry(2)], puts: [{ domain: 'task', doc: task('b') }] }))
      assert.deepEqual(await idsOf(workspace, {}), ['a', 'b'])
      assert.equal(workers.length, 4)
    },
    { workerStarted: (worker) => workers.push(worker), logger },
  )
})

test('STO-87: the answer to a commit is taken in where one asks for it, before the event loop comes by', async () => {
  await withSubject(async ({ storage }) => {
    const workspace = await storage.openWorkspace('w', taskSchema)
    const events: string[] = []
    setImmediate(() => events.push('turn'))
    const commit = workspace.commit(batch({ entries: [entry(1)] })).then(() => events.push('committed'))
    for (const until = performance.now() + 10_000; events.length === 0 && performance.now() < until;) {
      workspace.pollReplies?.()
      await Promise.resolve()
    }
    assert.deepEqual(events, ['committed'])
    await commit
    assert.deepEqual((await workspace.readLog({ after: 0, limit: 10 })).length, 1)
  })
})
