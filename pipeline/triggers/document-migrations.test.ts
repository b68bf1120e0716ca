import { describe, expect, test } from '@jest/globals'
import { board, type Task } from '../../examples/board/model.ts'
import { core } from '../../model/identifiers.ts'
import { aroundCommits } from '../../tests/support/intercepted-storage.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { type Storage, StorageError } from '../../storage/contract.ts'
import { ann, modulePipeline, testPipeline, type TestPipeline } from '../../tests/support/test-pipeline.ts'
import { applyIf, createTask, updateTask } from '../../tests/support/transactions.ts'
import { gate } from '../../tests/support/gate.ts'
import { InstalledModules } from '../modules/installed-modules.ts'
import { type DocumentMigration, migration } from '../modules/module.ts'
import { moduleState } from '../modules/module-state.ts'
import { systemCaller } from '../shared/caller.ts'
import { verifyLog } from '../verify/verify-log.ts'

const { Task: TaskClass } = board.class
const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

/** Counts in each task how often it was migrated. */
const counting = (options: Partial<DocumentMigration<Task>> = {}) =>
  migration<Task>({
    name: 'counting',
    each: { class: TaskClass, where: { title: { $ne: 'other' } } },
    batch: 2,
    run: (task, { factory }) => [factory.update(task, { $inc: { votes: 1 } })],
    ...options,
  })

/** A workspace with tasks, and one that is not meant. */
async function filled(storage: Storage): Promise<void> {
  const { pipeline } = await testPipeline({ storage })
  const txes = [
    ...ids.map((id) => createTask(id, { title: id, votes: 0 })),
    createTask('other', { title: 'other' }),
  ]
  await pipeline.tx(ann, applyIf({ txes }))
  await pipeline.close()
}

async function votes({ find }: TestPipeline): Promise<Record<string, unknown>> {
  return Object.fromEntries((await find(TaskClass)).map((task) => [task._id, (task as Task).votes]))
}

const each = (value: number) => ({ ...Object.fromEntries(ids.map((id) => [id, value])), other: undefined })

describe('migrations of many documents', () => {
  test('MOD-120: a migration of documents is applied once to each that its query meets, batch by batch in the order of ids, before the workspace is open', async () => {
    const batches: string[][] = []
    const storage = aroundCommits(createMemoryStorage(), async (batch, commit) => {
      batches.push(batch.puts.filter(({ domain }) => domain === 'task').map(({ doc }) => doc._id))
      await commit(batch)
    })
    await filled(storage)
    batches.length = 0
    for (let opening = 0; opening < 2; opening++) {
      const opened = await modulePipeline({ migrations: [counting()] }, {}, { storage })
      expect(await votes(opened)).toStrictEqual(each(1))
      const verified = await verifyLog(opened.pipeline.storage, opened.pipeline.model.hierarchy)
      expect([verified.flaws, verified.differences]).toStrictEqual([[], []])
      // Nothing is left but the record that it was applied.
      const states = await opened.pipeline.find(systemCaller, {
        _class: moduleState.class.State,
        query: {},
        options: {},
      })
      expect([...(states as { _id: string }[])].map(({ _id }) => _id)).toStrictEqual([
        'migration:test.counting',
      ])
      await opened.pipeline.close()
    }
    // While one batch is committed, the next one is staged.
    expect(batches.flat()).toStrictEqual(ids)
    for (const committed of batches) expect(committed.length).toBeLessThanOrEqual(4)
  })

  test('MOD-121: an interrupted migration continues after its last batch, and changes no document twice', async () => {
    let commits = 0
    const storage = aroundCommits(createMemoryStorage(), async (batch, commit) => {
      commits += 1
      if (commits % 3 === 0) throw new StorageError('unavailable', 'the cable was pulled')
      await commit(batch)
    })
    await filled(storage)
    let openings = 0
    for (; openings < 10; openings++) {
      // As after a start of the process.
      const opened = await modulePipeline({ migrations: [counting({ batch: 1 })] }, {}, { storage })
      const { closedToPeople } = opened.pipeline
      if (closedToPeople === undefined) {
        expect(await votes(opened)).toStrictEqual(each(1))
        break
      }
      expect(closedToPeople.status.code).toBe('platform:status:MigrationFailed')
      await opened.pipeline.close()
    }
    expect(openings).toBeGreaterThan(1)
  })

  test('MOD-122: a failing migration names the document in its error and in the log, and is not run again before its growing pause is over', async () => {
    const storage = createMemoryStorage()
    await filled(storage)
    let now = 0
    let runs = 0
    let isBad = true
    const failing = counting({
      run: (task, { factory }) => {
        runs += 1
        if (task._id === 'd' && isBad) throw new Error('no such thing')
        return [factory.update(task, { $inc: { votes: 1 } })]
      },
    })
    const modules = new InstalledModules([{ name: 'test', model: [], migrations: [failing] }], {
      monotonic: () => now,
    })
    const place = { module: 'test', migration: 'counting', _class: TaskClass, _id: 'd' }
    const opening = async () => {
      const opened = await testPipeline({ storage, modules })
      const params = opened.pipeline.closedToPeople?.status.params
      const before = runs
      await opened.pipeline.close()
      return { params, before, log: opened.log }
    }
    const first = await opening()
    expect(first.params).toStrictEqual(place)
    expect(first.log.lines).toContainEqual(
      expect.objectContaining({ message: 'a migration failed', fields: expect.objectContaining(place) }),
    )
    // Those of the first batch, and of the second one up to the bad document.
    expect(runs).toBe(4)
    expect((await opening()).params).toStrictEqual({ ...place, retryAfter: 1000 })
    now = 1000
    expect((await opening()).params).toStrictEqual(place)
    expect((await opening()).params).toStrictEqual({ ...place, retryAfter: 2000 })
    expect(runs).toBe(6)
    now = 3000
    isBad = false
    expect((await opening()).params).toBeUndefined()
    expect(await votes(await testPipeline({ storage, modules }))).toStrictEqual(each(1))
  })

  test('MOD-123: with `set-aside`, documents for which a migration throws or is refused are recorded with the error, and all others are changed', async () => {
    const storage = createMemoryStorage()
    await filled(storage)
    const odd = counting({
      batch: 3,
      onError: 'set-aside',
      run: (task, { factory }) => {
        if (task._id === 'b') throw new Error('odd')
        const title = task._id === 'e' ? { title: 5 } : {}
        return [factory.update(task, { $inc: { votes: 1 }, ...title })]
      },
    })
    const opened = await modulePipeline({ migrations: [odd] }, {}, { storage })
    expect(opened.pipeline.closedToPeople).toBeUndefined()
    expect(await votes(opened)).toStrictEqual({ ...each(1), b: 0, e: 0 })
    const found = await opened.pipeline.find(systemCaller, {
      _class: moduleState.class.SetAsideDocument,
      query: {},
      options: { sort: { document: 1 } },
    })
    expect([...(found as object[])]).toMatchObject([
      { migration: 'test.counting', document: 'b', documentClass: TaskClass, message: 'odd' },
      { document: 'e', message: expect.stringContaining('core:status:InvalidAttribute') },
    ])
    expect(opened.log.lines.at(-1)).toMatchObject({ fields: { documents: 7, setAside: 2 } })
  })

  test('MOD-124: an online migration runs beside people, and loses no change that they make to a document of its batch', async () => {
    const storage = createMemoryStorage()
    await filled(storage)
    const { reached, open, pass } = gate()
    const online = counting({
      online: true,
      run: async (task, { factory }) => {
        const { title } = task
        if (task._id === 'c') await pass()
        // From what was read: a lost change would show.
        return [factory.update(task, { title: `${title}!`, $inc: { votes: 1 } })]
      },
    })
    const opened = await modulePipeline({ migrations: [online] }, {}, { storage })
    const { pipeline } = opened
    await reached
    expect(pipeline.migrations()).toMatchObject([{ migration: 'test.counting', toProcess: 5, total: 7 }])
    await pipeline.tx(ann, updateTask('c', { title: 'by ann' }))
    await pipeline.tx(ann, updateTask('d', { title: 'by ann too' }))
    open()
    await pipeline.migrationsIdle()
    expect(await votes(opened)).toStrictEqual(each(1))
    const titles = (await opened.find(TaskClass, { title: { $like: 'by%' } })).map(
      (task) => (task as Task).title,
    )
    expect(titles.toSorted()).toStrictEqual(['by ann too!', 'by ann!'])
    expect(pipeline.migrations()).toStrictEqual([])
    await pipeline.close()
    const again = await modulePipeline({ migrations: [online] }, {}, { storage })
    await again.pipeline.migrationsIdle()
    expect(await votes(again)).toStrictEqual(each(1))
  })

  test('MOD-125: an online migration that is stopped in the middle continues at the next opening', async () => {
    const storage = createMemoryStorage()
    await filled(storage)
    const { reached, pass } = gate()
    const migrations = (hold: () => Promise<void>) => [
      counting({
        online: true,
        run: async (task, { factory }) => {
          if (task._id === 'e') await hold()
          return [factory.update(task, { $inc: { votes: 1 } })]
        },
      }),
    ]
    const first = await modulePipeline({ migrations: migrations(pass) }, {}, { storage })
    await reached
    await first.pipeline.close()
    const second = await modulePipeline({ migrations: migrations(() => Promise.resolve()) }, {}, { storage })
    await second.pipeline.migrationsIdle()
    expect(await votes(second)).toStrictEqual(each(1))
    expect(core.account.System).toBe((await second.find(TaskClass, { _id: 'a' as never }))[0]?.modifiedBy)
  })
})
