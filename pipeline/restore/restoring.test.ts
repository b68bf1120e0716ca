import { describe, expect, test } from '@jest/globals'
import { board } from '../../examples/board/model.ts'
import type { Doc } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { ensureAccount } from '../../server/workspaces/resolve-caller.ts'
import {
  ann,
  caller,
  modulePipeline,
  testPipeline,
  type TestPipeline,
} from '../../tests/support/test-pipeline.ts'
import { createTask } from '../../tests/support/transactions.ts'
import { waitUntil } from '../../tests/support/wait-until.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import type { AsyncTrigger } from '../modules/trigger.ts'
import { moduleState } from '../modules/module-state.ts'
import { satisfying } from '../../tests/support/expecting.ts'

const system = caller('system', { system: true, account: core.account.System })

/** Reports the created tasks that it has processed. */
function witness(): { seen: string[]; triggers: AsyncTrigger[] } {
  const seen: string[] = []
  const run: AsyncTrigger['run'] = (_context, { objectId }) => {
    seen.push(objectId)
    return Promise.resolve([])
  }
  const on = { classes: [board.class.Task], transactions: [core.class.TxCreateDoc] }
  return { seen, triggers: [{ kind: 'async', name: 'witness', on, run }] }
}

async function cursorOf({ pipeline }: TestPipeline): Promise<Doc & { seq: number }> {
  const found = await pipeline.find(system, {
    _class: moduleState.class.TriggerCursor,
    query: {},
    options: {},
  })
  return (found as unknown as (Doc & { seq: number })[])[0] as Doc & { seq: number }
}

async function create({ pipeline }: TestPipeline, ...names: string[]): Promise<void> {
  for (const title of names) await pipeline.tx(ann, createTask(title, { title }))
}

/** The cursor is stored after each run, so a processed transaction is not processed again. */
const limits = { unsavedRuns: 1 }

describe('restoring a log', () => {
  test('PIPE-62: a restored log runs no trigger, and transactions after the next opening do', async () => {
    const { seen, triggers } = witness()
    const storage = createMemoryStorage()
    const origin = await modulePipeline({ triggers }, { limits }, { storage, id: 'origin' })
    await create(origin, 'a', 'b')
    await waitUntil(() => seen.length === 2, 'the trigger')
    const log = await origin.pipeline.storage.readLog({ after: 0, limit: 100 })
    const first = await modulePipeline({ triggers }, { limits }, { storage, id: 'copy' })
    await create(first, 'own')
    await waitUntil(() => seen.includes('own'), 'the trigger')
    const cursor = await cursorOf(origin)
    await first.pipeline.restoring.upload(
      'tx',
      log.map(({ tx }) => tx),
    )
    await first.pipeline.restoring.upload('module', [cursor])
    expect(first.pipeline.restoring.isLogReplaced).toBe(true)
    await expect(create(first, 'early')).rejects.toThrow(
      satisfying((error: Error) => {
        return (
          (error as unknown as { status: { code: string } }).status.code === 'platform:status:Unavailable'
        )
      }),
    )
    await first.pipeline.close()
    const second = await modulePipeline({ triggers }, { limits }, { storage, id: 'copy' })
    await create(second, 'new')
    await waitUntil(() => seen.includes('new'), 'the trigger')
    expect(seen).toStrictEqual(['a', 'b', 'own', 'new'])
    const { lastSeq } = second.pipeline
    await waitUntil(async () => (await cursorOf(second)).seq === lastSeq() - 1, 'the cursor')
    await second.pipeline.close()
    await origin.pipeline.close()
  })

  test('PIPE-63: a trigger whose cursor is restored, removed or beyond the end continues from the end of the log', async () => {
    const { seen, triggers } = witness()
    const storage = createMemoryStorage()
    let opened = await modulePipeline({ triggers }, { limits }, { storage })
    const reopen = async () => {
      await opened.pipeline.close()
      opened = await modulePipeline({ triggers }, { limits }, { storage })
    }
    const settled = async () => {
      const { pipeline } = opened
      // The commit of the cursor is an entry itself.
      await waitUntil(async () => (await cursorOf(opened))?.seq >= pipeline.lastSeq() - 1, 'the cursor')
    }
    const old = await cursorOf(opened)
    await create(opened, 'a', 'b')
    await waitUntil(() => seen.length === 2, 'the trigger')
    await settled()
    await opened.pipeline.restoring.upload('module', [old])
    await settled()
    await reopen()
    await opened.pipeline.restoring.clean('module', [old._id])
    await settled()
    await reopen()
    await create(opened, 'c')
    await waitUntil(() => seen.length > 2, 'the trigger')
    expect(seen).toStrictEqual(['a', 'b', 'c'])
    await settled()
    const beyond = { ...(await cursorOf(opened)), seq: opened.pipeline.lastSeq() + 1000 }
    await opened.pipeline.close()
    const alone = await storage.openWorkspace('w1', { domains: [] })
    await alone.upload('module', [beyond])
    await alone.close()
    opened = await modulePipeline({ triggers }, { limits }, { storage })
    await create(opened, 'd')
    await waitUntil(() => seen.length > 3, 'the trigger')
    expect(seen).toStrictEqual(['a', 'b', 'c', 'd'])
    await opened.pipeline.close()
  })

  test('PIPE-64: a workspace whose log creates an account twice, as after a restore over another log, opens and reports it', async () => {
    const storage = createMemoryStorage()
    const origin = await testPipeline({ storage, id: 'origin' })
    await ensureAccount(origin.pipeline, 'zoe', 'OWNER')
    await create(origin, 'a')
    const log = await origin.pipeline.storage.readLog({ after: 0, limit: 100 })
    const { pipeline } = await testPipeline({ storage, id: 'copy' })
    await ensureAccount(pipeline, 'zoe', 'USER')
    await pipeline.restoring.upload(
      'tx',
      log.map(({ tx }) => tx),
    )
    await pipeline.close()
    const copy = await testPipeline({ storage, id: 'copy' })
    expect(copy.pipeline.model.accountOf('zoe')?.role).toBe('OWNER')
    const errors = copy.log.lines.filter(({ level }) => level === 'error')
    expect(errors.map(({ message }) => message)).toStrictEqual(['a model transaction is left out'])
    await create(copy, 'b')
    await copy.pipeline.close()
    await origin.pipeline.close()
  })
})
