import { describe, expect, test } from '@jest/globals'
import { board } from '../../examples/board/model.ts'
import { core } from '../../model/identifiers.ts'
import { ann, modulePipeline } from '../../tests/support/test-pipeline.ts'
import { createTask } from '../../tests/support/transactions.ts'
import type { Migration } from '../modules/module.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { verifyLog } from '../verify/verify-log.ts'

const { Task } = board.class

/** Records in the rank of every task that it ran. */
const marking = (name: string): Migration => ({
  name,
  run: async ({ factory, findAll }) => {
    const tasks = await findAll(Task, {})
    return tasks.map((task) => factory.update(task, { rank: `${task.rank ?? ''}${name}` }))
  },
})

describe('migrations', () => {
  test('PIPE-59: migrations are applied once in each workspace, in order, before it is open', async () => {
    const storage = createMemoryStorage()
    const first = await modulePipeline({}, {}, { storage })
    await first.pipeline.tx(ann, createTask('t', { title: 't', rank: '' }))
    await first.pipeline.close()
    for (const migrations of [
      [marking('a')],
      [marking('a'), marking('b'), marking('c')],
      [marking('a'), marking('b'), marking('c')],
    ]) {
      const opened = await modulePipeline({ migrations }, {}, { storage })
      const [task] = await opened.find(Task)
      expect((task as { rank?: string }).rank).toBe(migrations.map(({ name }) => name).join(''))
      expect(task?.modifiedBy).toBe(core.account.System)
      const verified = await verifyLog(opened.pipeline.storage, opened.pipeline.model.hierarchy)
      expect([verified.flaws, verified.differences]).toStrictEqual([[], []])
      await opened.pipeline.close()
    }
  })

  test('PIPE-60: a failed migration keeps the workspace closed to people with MigrationFailed, leaves no record, and the next opening tries again', async () => {
    const storage = createMemoryStorage()
    let fails = true
    const failing: Migration = {
      name: 'failing',
      run: async (context) => {
        const tasks = await context.findAll(Task, {})
        if (tasks.length === 0)
          await context.commit([context.factory.create(Task, core.space.Space, { title: 'made' })])
        if (fails) throw new Error('half-way')
        return []
      },
    }
    const migrations = [marking('a'), failing, marking('b')]
    const params = { module: 'test', migration: 'failing' }
    const refused = { severity: 'ERROR', code: 'platform:status:MigrationFailed', params }
    for (let opening = 0; opening < 2; opening++) {
      const { pipeline } = await modulePipeline({ migrations }, {}, { storage })
      expect(pipeline.closedToPeople?.status).toStrictEqual(refused)
      await pipeline.close()
    }
    fails = false
    const { find } = await modulePipeline({ migrations }, {}, { storage })
    const ranks = (await find(Task)).map((task) => (task as { rank?: string }).rank)
    // A successful migration is not applied again, and the next one is.
    expect(ranks).toStrictEqual(['b'])
  })
})
