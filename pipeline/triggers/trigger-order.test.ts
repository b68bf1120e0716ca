import { describe, expect, test } from '@jest/globals'
import { board } from '../../examples/board/model.ts'
import type { Ref } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { gate } from '../../tests/support/gate.ts'
import { onTasks, TriggerWorld } from '../../tests/support/trigger-world.ts'
import { waitUntil } from '../../tests/support/wait-until.ts'
import { verifyLog } from '../verify/verify-log.ts'

const { Comment, Task } = board.class
const KEYS = ['a', 'b', 'c', 'd', 'e']

describe('the order of asynchronous triggers', () => {
  test('MOD-24: transactions of one key have their turns one at a time, in the order of the log, however many runs there are at once', async () => {
    const world = new TriggerWorld()
    const seen = new Map<string, string[]>()
    let [running, most] = [0, 0]
    const busy = new Set<string>()
    const trigger = onTasks({
      concurrency: 3,
      run: async ({ bySystem }, tx) => {
        const { objectId } = tx
        expect(busy.has(objectId)).toBe(false)
        busy.add(objectId)
        most = Math.max(most, ++running)
        for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
        running -= 1
        busy.delete(objectId)
        const { rank = 'new' } = (tx as { operations?: { rank?: string } }).operations ?? {}
        seen.set(objectId, [...(seen.get(objectId) ?? []), rank])
        const parent = { _id: objectId, _class: Task, space: tx.objectSpace }
        return [bySystem.attach(parent, 'comments', Comment, { message: `${objectId} ${rank}` })]
      },
    })
    const { find, pipeline } = await world.open([trigger])
    await world.add(...KEYS)
    for (const rank of ['1', '2', '3']) for (const key of KEYS) await world.change(key, rank)
    await pipeline.triggersIdle()
    for (const key of KEYS) expect(seen.get(key)).toStrictEqual(['new', '1', '2', '3'])
    expect(most).toBe(3)
    expect(await find(Comment)).toHaveLength(20)
    expect((await verifyLog(pipeline.storage, pipeline.model.hierarchy)).differences).toStrictEqual([])
  })

  test('MOD-25: a failing transaction holds up those of its key, and no others', async () => {
    const world = new TriggerWorld()
    const seen: string[] = []
    let isAway = true
    const trigger = onTasks({
      orderBy: ({ objectId }) => objectId.slice(0, 1),
      run: (_context, { objectId }) => {
        if (isAway && objectId.startsWith('a')) throw new Error('away')
        seen.push(objectId)
        return []
      },
    })
    const { pipeline } = await world.open([trigger])
    await world.add('a1', 'b1', 'a2', 'b2', 'c1')
    await waitUntil(() => seen.length === 3, 'the other keys')
    expect(seen).toStrictEqual(['b1', 'b2', 'c1'])
    isAway = false
    await pipeline.triggersIdle()
    expect(seen.slice(3)).toStrictEqual(['a1', 'a2'])
    expect(await world.letters()).toStrictEqual([])
  })

  test('MOD-26: a run that goes on beyond its time keeps its key, also when the workspace opens again, and others go on', async () => {
    const world = new TriggerWorld()
    const hanging = gate()
    const seen: string[] = []
    let runs = 0
    const trigger = onTasks({
      timeout: 5,
      run: async (_context, { objectId }) => {
        if (objectId === 'hangs' && ++runs === 1) await hanging.pass()
        seen.push(objectId)
        return []
      },
    })
    await world.open([trigger])
    await world.add('hangs', 'other')
    await waitUntil(() => world.failures.some(([, failure]) => failure === 'hung'), 'the next run')
    await waitUntil(() => seen.includes('other'), 'the other key')
    await world.close()
    const { pipeline } = await world.reopen()
    await world.add('last')
    await waitUntil(() => seen.includes('last'), 'the last key')
    expect(runs).toBe(1)
    hanging.open()
    await pipeline.triggersIdle()
    expect([runs, seen.filter((task) => task === 'hangs').length]).toStrictEqual([2, 2])
  })

  test('MOD-27: a run sees what runs of its trigger that ended before it have made', async () => {
    const world = new TriggerWorld()
    const total = { _id: 'total' as Ref, _class: Task, space: core.space.Space }
    const counting = onTasks({
      on: { classes: [Task], transactions: [core.class.TxCreateDoc] },
      run: async ({ bySystem, findAll }) => {
        const [task] = await findAll(Task, { _id: total._id })
        const rank = String(Number(task?.rank ?? 0) + 1)
        return [bySystem.update(total, { rank })]
      },
    })
    await world.open([])
    await world.add('total')
    await world.close()
    const opened = await world.open([counting])
    const titles = Array.from({ length: 30 }, (_, at) => `t${at}`)
    await Promise.all(titles.map(async (title) => await world.add(title)))
    await opened.pipeline.triggersIdle()
    const [task] = await opened.find(Task, { _id: total._id })
    expect((task as { rank?: string }).rank).toBe('30')
  })

  test('MOD-28: what runs made is committed together where they ended together, and one that is refused fails alone', async () => {
    const world = new TriggerWorld()
    const trigger = onTasks({
      concurrency: 20,
      retry: { attempts: 1 },
      run: ({ bySystem }, { objectId, objectSpace }) => {
        const parent = {
          _id: objectId === 't7' ? ('nowhere' as Ref) : objectId,
          _class: Task,
          space: objectSpace,
        }
        return [bySystem.attach(parent, 'comments', Comment, { message: objectId })]
      },
    })
    const { find, pipeline } = await world.open([trigger])
    const titles = Array.from({ length: 20 }, (_, at) => `t${at}`)
    await Promise.all(titles.map(async (title) => await world.add(title)))
    await pipeline.triggersIdle()
    const [letter, ...others] = await world.letters()
    expect([letter?.message, others]).toStrictEqual(['core:status:ObjectNotFound', []])
    expect(await find(Comment)).toHaveLength(19)
    const log = await pipeline.storage.readLog({ after: 0, limit: 1000 })
    const moves = log.filter(({ tx }) => tx.objectId === 'trigger:test.note')
    expect(moves.length).toBeLessThan(15 + 20)
  })

  test('MOD-29: while as many transactions fail as may, no further one is begun, and none is lost', async () => {
    const world = new TriggerWorld()
    const seen = new Set<string>()
    let isAway = true
    const trigger = onTasks({
      run: (_context, { objectId }) => {
        seen.add(objectId)
        if (isAway) throw new Error('away')
        return []
      },
    })
    const { pipeline } = await world.open([trigger], { failing: 3 })
    const titles = Array.from({ length: 12 }, (_, at) => `t${at}`)
    await world.add(...titles)
    await waitUntil(() => world.failures.length > 20, 'several attempts')
    expect([...seen]).toStrictEqual(titles.slice(0, 3))
    isAway = false
    await pipeline.triggersIdle()
    expect([...seen]).toStrictEqual(titles)
    expect(await world.letters()).toStrictEqual([])
  })
})
