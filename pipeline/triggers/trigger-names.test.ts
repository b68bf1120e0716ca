import { describe, expect, test } from '@jest/globals'
import { onTasks, TriggerWorld } from '../../tests/support/trigger-world.ts'
import { waitUntil } from '../../tests/support/wait-until.ts'

const DAY = 86_400_000

/** A trigger that records what it sees. */
function seeing(seen: string[], options: Partial<Parameters<typeof onTasks>[0]> = {}) {
  return onTasks({ run: (_context, { objectId }) => (seen.push(objectId), []), ...options })
}

/** A workspace whose trigger `note` was closed with work left over. */
async function withBacklog(): Promise<TriggerWorld> {
  const world = new TriggerWorld()
  const { pipeline } = await world.open([seeing([])])
  await world.add('done')
  await pipeline.triggersIdle()
  await world.close()
  const never = onTasks({ run: async () => await new Promise(() => undefined) })
  await world.open([never])
  await world.add('a', 'b', 'c')
  await world.close()
  return world
}

describe('names of asynchronous triggers', () => {
  test('MOD-35: a renamed trigger continues where its earlier name stopped, and the earlier name begins anew', async () => {
    const world = await withBacklog()
    const [renamed, former]: [string[], string[]] = [[], []]
    const { log, pipeline } = await world.open([
      seeing(renamed, { name: 'remark', was: ['older', 'note'] }),
      seeing([], { name: 'other', was: ['elsewhere.note'] }),
    ])
    await waitUntil(() => renamed.length === 3, 'what waited')
    expect(renamed).toStrictEqual(['a', 'b', 'c'])
    expect(log.lines.some(({ message }) => message.includes('renamed'))).toBe(true)
    await pipeline.triggersIdle()
    await world.close()
    const again = await world.open([seeing(former), seeing(renamed, { name: 'remark', was: ['note'] })])
    await world.add('new')
    await again.pipeline.triggersIdle()
    expect([former, renamed]).toStrictEqual([['new'], ['a', 'b', 'c', 'new']])
  })

  test('MOD-36: the position of a trigger that is gone is kept for a time, and reported with its backlog at each opening', async () => {
    for (const [days, expected] of [
      [29, ['a', 'b', 'c', 'new']],
      [31, ['new']],
    ] as const) {
      const world = await withBacklog()
      const without = await world.open([])
      const [line] = without.log.lines.filter(({ message }) => message === 'a trigger is gone')
      expect(line?.fields).toMatchObject({ workspace: 'w1', trigger: 'test.note', since: world.now })
      const { gone } = await without.pipeline.triggers.triggers()
      expect(gone.map(({ trigger, entries }) => [trigger, entries >= 3])).toStrictEqual([['test.note', true]])
      await world.close()
      world.now += days * DAY
      await world.open([])
      expect(await world.cursors()).toHaveLength(days > 30 ? 0 : 1)
      await world.close()
      const seen: string[] = []
      const { pipeline } = await world.open([seeing(seen)])
      await world.add('new')
      await pipeline.triggersIdle()
      expect(seen).toStrictEqual([...expected])
      // A trigger that is back is gone no longer.
      expect((await world.cursors())[0]?.goneSince).toBeUndefined()
      await world.close()
    }
  })

  test('MOD-197: the backlog of a trigger that is gone grows with the log while the workspace is open', async () => {
    const world = await withBacklog()
    const { pipeline } = await world.open([])
    const backlog = async () => (await pipeline.triggers.triggers()).gone.map(({ entries }) => entries)
    const [before = NaN] = await backlog()
    await world.add('new')
    expect(await backlog()).toStrictEqual([before + 1])
  })

  test('MOD-37: a new trigger begins with the next transaction, or where it says so with the first one', async () => {
    const world = new TriggerWorld()
    await world.open([])
    await world.add('old')
    await world.close()
    const [now, start]: [string[], string[]] = [[], []]
    const triggers = [
      seeing(now, { name: 'now', from: 'now' }),
      seeing(start, { name: 'start', from: 'start' }),
    ]
    for (const task of ['new', 'newer']) {
      const { pipeline } = await world.open(triggers)
      await world.add(task)
      await pipeline.triggersIdle()
      await world.close()
    }
    expect([now, start]).toStrictEqual([
      ['new', 'newer'],
      ['old', 'new', 'newer'],
    ])
  })
})
