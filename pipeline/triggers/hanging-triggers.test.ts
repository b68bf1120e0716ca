import { describe, expect, test } from '@jest/globals'
import { board, type Task } from '../../examples/board/model.ts'
import type { Ref } from '../../model/documents.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { gate } from '../../tests/support/gate.ts'
import { ann, modulePipeline } from '../../tests/support/test-pipeline.ts'
import { applyIf, createTask, updateTask } from '../../tests/support/transactions.ts'
import { waitUntil } from '../../tests/support/wait-until.ts'
import { TriggerPauses } from '../commit/steps/trigger-pauses.ts'
import type { SyncContext, SyncTrigger } from '../modules/trigger.ts'
import { verifyLog } from '../verify/verify-log.ts'

const { Task: TaskClass } = board.class

/** Hangs for tasks of the title `hang`, and tells how often it ran. */
function hanging(hang: (context: SyncContext) => Promise<readonly never[]>) {
  const runs: string[] = []
  const trigger: SyncTrigger = {
    kind: 'sync',
    name: 'hanging',
    on: { classes: [TaskClass] },
    run: (context) => {
      const { title } = context.after as Task
      runs.push(title)
      return title === 'hang' ? hang(context) : Promise.resolve([])
    },
  }
  return { runs, trigger }
}

const forever = () => new Promise<never[]>(() => undefined)
const limits = { syncRunTime: 5 }
const timeout = { severity: 'ERROR', code: 'platform:status:TriggerTimeout' }
const late = { status: { ...timeout, params: { trigger: 'test.hanging', limit: 5 } } }

describe('synchronous triggers that hang', () => {
  test('MOD-103: a synchronous trigger that exceeds its time refuses its request with TriggerTimeout, is logged and counted, and the others of its group are committed', async () => {
    const failures: unknown[] = []
    const { pipeline, find, log } = await modulePipeline(
      { triggers: [hanging(forever).trigger] },
      { limits, observer: { triggerFailed: (...failure) => failures.push(failure) } },
    )
    const stuck = createTask('b', { title: 'hang' })
    const both = applyIf({ txes: [createTask('d', { title: 'd' }), createTask('e', { title: 'hang' })] })
    const outcomes = await Promise.allSettled(
      [createTask('a', { title: 'a' }), stuck, createTask('c', { title: 'c' }), both].map((tx) =>
        pipeline.tx(ann, tx),
      ),
    )
    expect(outcomes.map((outcome) => ('reason' in outcome ? outcome.reason : 'committed'))).toStrictEqual([
      'committed',
      expect.objectContaining(late),
      'committed',
      expect.objectContaining(late),
    ])
    expect((await find(TaskClass)).map(({ _id }) => _id).toSorted()).toStrictEqual(['a', 'c'])
    expect(failures).toStrictEqual([
      ['test.hanging', 'hung'],
      ['test.hanging', 'hung'],
    ])
    expect(log.lines[0]).toMatchObject({
      level: 'error',
      fields: { workspace: 'w1', trigger: 'test.hanging', transaction: stuck._id, limit: 5 },
      message: 'a trigger took too long',
    })
  })

  test('MOD-104: while a trigger hangs, other workspaces commit, and its own workspace answers queries', async () => {
    const { reached, open, pass } = gate()
    const { trigger } = hanging(async () => {
      await pass()
      return []
    })
    const storage = createMemoryStorage()
    // Far beyond the time of the test.
    const unlimited = { limits: { syncRunTime: 3_600_000 } }
    const stuck = await modulePipeline({ triggers: [trigger] }, unlimited, { storage })
    const other = await modulePipeline({ triggers: [trigger] }, unlimited, { storage, id: 'w2' })
    const waiting = stuck.pipeline.tx(ann, createTask('t', { title: 'hang' }))
    await reached
    await other.pipeline.tx(ann, createTask('t', { title: 't' }))
    expect(await other.find(TaskClass)).toHaveLength(1)
    expect(await stuck.find(TaskClass)).toHaveLength(0)
    open()
    expect(await waiting).toStrictEqual({})
  })

  test('MOD-105: what a trigger returns and reads after its time changes nothing', async () => {
    const { open, pass } = gate()
    const seen: unknown[] = []
    const { trigger } = hanging(async ({ get, findAll, after, bySystem }) => {
      // It is under way when the time is over.
      await Promise.all([get(TaskClass, 'stored' as Ref), pass()])
      await get(TaskClass, 'stored' as Ref).catch((error: unknown) => seen.push(error))
      await findAll(TaskClass, {}).catch((error: unknown) => seen.push(error))
      return [bySystem.update(after!, { rank: 'late' })] as never[]
    })
    const { pipeline, find } = await modulePipeline({ triggers: [trigger] }, { limits })
    await pipeline.tx(ann, createTask('stored', { title: 'old' }))
    await expect(pipeline.tx(ann, createTask('t', { title: 'hang' }))).rejects.toMatchObject(late)
    const change = pipeline.tx(ann, updateTask('stored', { title: 'new' }))
    open()
    await change
    await waitUntil(() => seen.length === 2, 'the late reads')
    expect(seen).toStrictEqual([new Error('the run of the trigger is over'), seen[1]])
    await pipeline.tx(ann, updateTask('stored', { rank: 'r' }))
    expect([...(await find(TaskClass))]).toMatchObject([{ _id: 'stored', title: 'new', rank: 'r' }])
    const verified = await verifyLog(pipeline.storage, pipeline.model.hierarchy)
    expect([verified.flaws, verified.differences]).toStrictEqual([[], []])
  })

  test('MOD-106: a trigger that hangs several times in a row is refused at once, and one that ends in time in between is not', async () => {
    const { runs, trigger } = hanging(forever)
    const hour = 3_600_000
    const { pipeline, find, log } = await modulePipeline(
      { triggers: [trigger] },
      { limits: { ...limits, hangs: 2, firstPause: hour, longestPause: hour } },
    )
    const titles = ['hang', 'fine', 'hang', 'hang', 'refused', 'refused']
    const outcomes = await Promise.allSettled(
      titles.map((title, at) => pipeline.tx(ann, createTask(`t${at}`, { title }))),
    )
    expect(runs).toStrictEqual(['hang', 'fine', 'hang', 'hang'])
    const refused = { ...timeout, params: { ...late.status.params, retryAfter: expect.any(Number) } }
    expect(outcomes.at(-1)).toMatchObject({ reason: { status: refused } })
    expect((await find(TaskClass)).map(({ _id }) => _id)).toStrictEqual(['t1'])
    expect(log.lines.at(-1)).toMatchObject({ fields: { pause: hour } })
    // Changes that do not run it are committed.
    await pipeline.tx(ann, {
      ...createTask('c', {}),
      objectClass: board.class.Project,
      attributes: {},
    } as never)
  })

  test('MOD-106: a paused trigger is tried once after each pause, pauses double up to a maximum, and end with a run in time', () => {
    let now = 0
    const pauses = new TriggerPauses({ hangs: 2, firstPause: 100, longestPause: 300 }, () => now)
    expect([pauses.hung('t'), pauses.remaining('t')]).toStrictEqual([0, 0])
    expect([pauses.hung('t'), pauses.remaining('t')]).toStrictEqual([100, 100])
    now = 99
    expect([pauses.remaining('t'), pauses.remaining('other')]).toStrictEqual([1, 0])
    now = 100
    expect(pauses.remaining('t')).toBe(0)
    expect([pauses.hung('t'), pauses.hung('t'), pauses.hung('t')]).toStrictEqual([200, 300, 300])
    pauses.ended('t')
    expect([pauses.remaining('t'), pauses.hung('t')]).toStrictEqual([0, 0])
  })
})
