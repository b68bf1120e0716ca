import { expect, test } from '@jest/globals'
import { z } from 'zod'
import { board } from '../../examples/board/model.ts'
import { systemClock } from '../../model/clock.ts'
import type { Ref } from '../../model/documents.ts'
import { CallEnding } from '../../pipeline/methods/call-ending.ts'
import { InstalledModules } from '../../pipeline/modules/installed-modules.ts'
import { serviceMethod } from '../../pipeline/modules/module.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import { verifyLog } from '../../pipeline/verify/verify-log.ts'
import type { Storage } from '../../storage/contract.ts'
import { createMongoStorage } from '../../storage/mongodb/storage.ts'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { withMongo } from '../services/with-mongo.ts'
import { temporaryFolder } from '../support/executable.ts'
import { ann, testPipeline } from '../support/test-pipeline.ts'
import { createTask } from '../support/transactions.ts'

const CALLERS = 20
const SEATS = 12

let runs = 0

/** Takes one of the seats, which the votes of a task count. */
const take = serviceMethod({
  params: z.array(z.unknown()),
  commitsOnly: true,
  run: async ({ transaction }) => {
    runs += 1
    return await transaction(async ({ get, commit, factory }) => {
      const task = await get(board.class.Task, 'task' as Ref<never>)
      const votes = task?.votes ?? SEATS
      if (task === undefined || votes >= SEATS) return 'full'
      commit([factory.update(task, { votes: votes + 1 })])
      return `seat ${votes + 1}`
    })
  },
})

const modules = new InstalledModules([{ name: 'cinema', model: [], methods: { take } }])

async function call(
  pipeline: Pipeline,
  key: string,
  again?: { instance: string; age: number },
): Promise<unknown> {
  const ending = new CallEnding()
  return await pipeline.methods.call({
    name: 'cinema.take',
    method: take,
    caller: ann,
    params: [],
    rawParams: [],
    ending,
    key,
    again,
  })
}

async function keepsOutcomes(storage: Storage): Promise<void> {
  const id = `methods-${process.pid}-${systemClock.now()}`
  try {
    const first = await testPipeline({ storage, id, modules })
    await first.pipeline.tx(ann, createTask('task', { title: 'x', votes: 0 }))
    const keys = Array.from({ length: CALLERS }, (_, at) => `k${at}`)
    const results = await Promise.all(keys.map((key) => call(first.pipeline, key)))
    const seats = results.filter((result) => result !== 'full')
    expect(new Set(seats).size).toBe(SEATS)
    expect(seats).toHaveLength(SEATS)
    const again = { instance: first.pipeline.methods.instance, age: 1000 }
    await first.pipeline.close()

    const second = await testPipeline({ storage, id, modules })
    const before = runs
    for (const [at, result] of results.entries()) {
      expect(await call(second.pipeline, keys[at] ?? '', again)).toBe(result)
    }
    // Those that had committed nothing.
    expect(runs).toBe(before + CALLERS - SEATS)
    const { flaws, differences } = await verifyLog(second.pipeline.storage, second.pipeline.model.hierarchy)
    expect([flaws, differences]).toStrictEqual([[], []])
    await second.pipeline.close()
  } finally {
    await storage.close()
  }
}

test('MOD-63: over SQLite storage, calls have their stored results after the next opening, or run again if they committed nothing', async () => {
  await keepsOutcomes(createSqliteStorage({ directory: await temporaryFolder() }))
})

await withMongo((service) => {
  test('MOD-63: over MongoDB, calls have their stored results after the next opening, or run again if they committed nothing', async () => {
    await keepsOutcomes(createMongoStorage({ url: service.url }))
  })
})
