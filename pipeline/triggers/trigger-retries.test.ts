import { describe, expect, test } from '@jest/globals'
import { board } from '../../examples/board/model.ts'
import { Permanent, RetryAfter } from '../../model/retry-errors.ts'
import { StatusError } from '../../model/status.ts'
import { ann } from '../../tests/support/test-pipeline.ts'
import { createTask } from '../../tests/support/transactions.ts'
import { onTasks, TriggerWorld } from '../../tests/support/trigger-world.ts'
import { waitUntil } from '../../tests/support/wait-until.ts'
import { RetrySchedule } from './retry-schedule.ts'
import { DEFAULT_TRIGGER_LIMITS } from '../modules/trigger-limits.ts'

const { Comment, Task } = board.class
const HOUR = 3_600_000
const MINUTE = 60_000

/** A copy of a class, as an application has one that brings its own version of the package. */
const copyOf = (name: string, fields: object) =>
  Object.assign(new Error(`a ${name} of a copy`), { name, ...fields })

describe('retries of asynchronous triggers', () => {
  test('MOD-30: the delay between runs doubles up to the maximum of the policy, the last run is at the end of its time, and then the transaction is given up', () => {
    const schedule = new RetrySchedule({ for: '24h', max: '10m', first: '1s' }, DEFAULT_TRIGGER_LIMITS)
    const first = 1_700_000_000_000
    let [now, count] = [first, 0]
    const delays: number[] = []
    for (;;) {
      const delay = schedule.delay({ count: ++count, first, next: 0, attempts: [] }, new Error('away'), now)
      if (delay === undefined) break
      delays.push(delay)
      now += delay
    }
    expect(delays.slice(0, 11)).toStrictEqual(
      [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600].map((s) => s * 1000),
    )
    expect(delays.reduce((most, delay) => Math.max(most, delay), 0)).toBe(10 * MINUTE)
    expect(now).toBe(first + 24 * HOUR)
    const few = new RetrySchedule({ attempts: 3 }, DEFAULT_TRIGGER_LIMITS)
    const third = { count: 3, first, next: 0, attempts: [] }
    expect(few.delay(third, new Error('away'), first)).toBeUndefined()
  })

  test('MOD-31: RetryAfter sets the delay of the next run, and Permanent gives up at once, also from a copy of their classes', async () => {
    const schedule = new RetrySchedule({ for: '24h' }, DEFAULT_TRIGGER_LIMITS)
    const failures = { count: 1, first: 0, next: 0, attempts: [] }
    for (const error of [new RetryAfter(20 * MINUTE), copyOf('RetryAfter', { retryAfter: 20 * MINUTE })])
      expect(schedule.delay(failures, error, 0)).toBe(20 * MINUTE)
    // A wait that is no number of milliseconds is that of the policy.
    for (const retryAfter of [NaN, 'soon'])
      expect(schedule.delay(failures, copyOf('RetryAfter', { retryAfter }), 0)).toBe(100)
    expect(schedule.delay(failures, new RetryAfter(48 * HOUR), 0)).toBe(24 * HOUR)
    const world = new TriggerWorld()
    const errors = [new Permanent('refused'), copyOf('Permanent', { permanent: true })]
    const { pipeline } = await world.open([
      onTasks({
        run: () => {
          throw errors.shift() ?? new Error('another run')
        },
      }),
    ])
    await world.add('a', 'b')
    await pipeline.triggersIdle()
    const messages = (await world.letters()).map(({ message }) => message)
    expect(messages.toSorted()).toStrictEqual(['a Permanent of a copy', 'refused'])
  })

  test('MOD-32: the attempts of a failing transaction are kept while the workspace is closed, and what was done beyond it runs no more', async () => {
    const world = new TriggerWorld()
    const seen: string[] = []
    const trigger = onTasks({
      retry: { for: '24h' },
      run: (_context, { objectId }) => {
        seen.push(objectId)
        if (objectId === 'fails') throw new Error('away')
        return []
      },
    })
    // The next run is due when the test says so.
    const limits = { firstDelay: HOUR, longestDelay: HOUR }
    await world.open([trigger], limits)
    await world.add('before', 'fails', 'after', 'later')
    await waitUntil(() => seen.length === 4, 'the runs')
    await world.close()
    await world.open([trigger], limits)
    await world.add('last')
    await waitUntil(() => seen.includes('last'), 'the trigger')
    expect(seen).toStrictEqual(['before', 'fails', 'after', 'later', 'last'])
    await world.close()
    const [cursor] = await reopened(world)
    expect(cursor?.open).toHaveLength(1)
    expect(cursor?.failing?.map(({ count, first }) => [count, first])).toStrictEqual([[1, world.now]])
    await world.close()
    world.now += 25 * HOUR
    const { pipeline } = await world.open([trigger], limits)
    await pipeline.triggersIdle()
    const [letter, ...others] = await world.letters()
    expect([letter?.transaction !== undefined, letter?.count, others.length]).toStrictEqual([true, 2, 0])
    expect(letter?.attempts?.map(({ at }) => at)).toStrictEqual([world.now - 25 * HOUR, world.now])
    expect(seen.filter((task) => task === 'fails')).toHaveLength(2)

    async function reopened(of: TriggerWorld) {
      await of.open([])
      return await of.cursors()
    }
  })

  test('MOD-33: a dead letter has the transaction, the error and the times of the attempts, and is sent again with the same key, in the order of its key', async () => {
    const world = new TriggerWorld()
    const keys: string[] = []
    let isAway = true
    const trigger = onTasks({
      retry: { attempts: 2 },
      run: ({ bySystem, key }, { objectId, objectSpace }) => {
        keys.push(key)
        if (isAway && objectId !== 'b')
          throw new StatusError('platform:status:Unavailable', { message: 'away' })
        const parent = { _id: objectId, _class: Task, space: objectSpace }
        return [bySystem.attach(parent, 'comments', Comment, { message: objectId })]
      },
    })
    const { pipeline } = await world.open([trigger])
    await world.add('a', 'b', 'c')
    await pipeline.triggersIdle()
    const letters = await world.letters()
    expect(letters).toHaveLength(2)
    const [first] = letters
    expect(JSON.parse(first?.payload ?? '')).toMatchObject({ objectId: 'a', attributes: { title: 'a' } })
    expect(first?.message).toBe('platform:status:Unavailable')
    expect(first?.stack).toContain('trigger-retries.test')
    expect(first?.attempts).toStrictEqual(
      Array.from({ length: 2 }, () => ({ at: world.now, message: 'platform:status:Unavailable' })),
    )
    // What is sent again may fail again, and waits across openings.
    expect(await pipeline.triggers.redrive('test.note')).toBe(2)
    await pipeline.triggersIdle()
    expect((await world.letters()).map(({ state, count }) => [state, count])).toStrictEqual([
      ['dead', 2],
      ['dead', 2],
    ])
    isAway = false
    await world.close()
    const again = await world.open([trigger])
    expect(await again.pipeline.triggers.redrive(first?._id ?? '')).toBe(1)
    await again.pipeline.triggersIdle()
    expect(await world.letters()).toHaveLength(1)
    expect(await again.pipeline.triggers.redrive('test.note')).toBe(1)
    await again.pipeline.triggersIdle()
    expect(await world.letters()).toHaveLength(0)
    const made = (await again.find(Comment)).map((doc) => (doc as unknown as { message: string }).message)
    expect(made.toSorted()).toStrictEqual(['a', 'b', 'c'])
    expect(new Set(keys).size).toBe(3)
    await expect(again.pipeline.triggers.redrive('nothing')).rejects.toThrow('ObjectNotFound')
  })

  test('MOD-34: a dead letter whose transaction is too large is stored without it, and sent again from the log', async () => {
    const world = new TriggerWorld()
    let isAway = true
    const seen: number[] = []
    const trigger = onTasks({
      retry: { attempts: 1 },
      run: (_context, tx) => {
        if (isAway) throw new Error('away')
        seen.push(JSON.stringify(tx).length)
        return []
      },
    })
    const { pipeline } = await world.open([trigger], {}, { maxTransaction: 18_000 })
    await pipeline.tx(ann, createTask('large', { title: 'x'.repeat(17_000) }))
    await pipeline.triggersIdle()
    const [letter] = await world.letters()
    expect([letter?.message, letter?.payload]).toStrictEqual(['away', undefined])
    isAway = false
    await pipeline.triggers.redrive('test.note')
    await pipeline.triggersIdle()
    expect(await world.letters()).toStrictEqual([])
    expect(seen[0]).toBeGreaterThan(17_000)
  })

  test('MOD-39: a run that takes long is logged with its transaction and the triggers that led to it', async () => {
    const world = new TriggerWorld()
    const { log, pipeline } = await world.open([onTasks({ run: () => [] })], { slowRun: 0 })
    await world.add('t')
    await pipeline.triggersIdle()
    const [line] = log.lines.filter(({ message }) => message === 'a slow run of a trigger')
    expect(line?.fields).toMatchObject({
      workspace: 'w1',
      trigger: 'test.note',
      key: 't',
      causes: [],
      made: 0,
    })
  })
})
