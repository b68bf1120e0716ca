import { expect, test } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../model/clock.ts'
import boardModule from '../../examples/board/index.ts'
import { board } from '../../examples/board/model.ts'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { createMongoStorage } from '../../storage/mongodb/storage.ts'
import type { Storage } from '../../storage/contract.ts'
import { InstalledModules } from '../../pipeline/modules/installed-modules.ts'
import { verifyLog } from '../../pipeline/verify/verify-log.ts'
import { withMongo } from '../services/with-mongo.ts'
import { ann, bob, testPipeline } from '../support/test-pipeline.ts'
import { createTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const modules = new InstalledModules([boardModule])

test('MOD-12: over SQLite storage, triggers and migrations continue where they were after each opening', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'atrium-modules-'))
  onTestEnd(async () => await rm(directory, { recursive: true, force: true }))
  await keepsItsPlace(createSqliteStorage({ directory }))
})

await withMongo((service) => {
  test('MOD-13: over MongoDB, triggers and migrations continue where they were after each opening', async () => {
    await keepsItsPlace(createMongoStorage({ url: service.url }))
  })
})

async function keepsItsPlace(storage: Storage): Promise<void> {
  const id = `modules-${process.pid}-${systemClock.now()}`
  const given: string[] = []
  try {
    for (let opening = 0; opening < 4; opening++) {
      const { pipeline } = await testPipeline({ storage, id, modules })
      const told = async () => {
        const found = await pipeline.find(bob, { _class: board.class.Notification, query: {}, options: {} })
        return (found as unknown as { task: string }[]).map(({ task }) => task).toSorted()
      }
      await waitUntil(async () => (await told()).length === given.length, 'what was left over')
      for (const name of ['a', 'b', 'c']) given.push(`${opening}-${name}`)
      const txes = given
        .slice(-3)
        .map((_id) => createTask(_id, { title: _id, status: 'done', assignee: 'account:bob' }))
      await Promise.all(txes.map((tx) => pipeline.tx(ann, tx)))
      // In some rounds it is closed before the trigger runs.
      if (opening % 2 === 0) {
        await waitUntil(async () => (await told()).length === given.length, 'the trigger')
        expect(await told()).toStrictEqual(given.toSorted())
      }
      await pipeline.close()
    }
    const { pipeline } = await testPipeline({ storage, id })
    const verified = await verifyLog(pipeline.storage, pipeline.model.hierarchy)
    expect([verified.flaws, verified.differences]).toStrictEqual([[], []])
    await pipeline.close()
  } finally {
    await storage.close()
  }
}
