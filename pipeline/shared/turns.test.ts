import { describe, expect, test } from '@jest/globals'
import { FairSlots } from './fair-slots.ts'
import { RoundRobin } from './round-robin.ts'
import { Turns } from './turns.ts'

/** Turns whose clock and event loop the test moves. */
function fakeTurns() {
  let [now, next] = [0, [] as (() => void)[]]
  const turns = new Turns({ slice: 5, now: () => now, nextTurn: (run) => next.push(run) })
  return {
    turns,
    work: (milliseconds: number) => {
      now += milliseconds
    },
    turn: async () => {
      const due = next
      next = []
      for (const run of due) run()
      await Promise.resolve()
    },
  }
}

describe('turns', () => {
  test('LIM-120: items that wait are taken by groups in turn, within a group by members in turn, and those of one member in order', () => {
    const waiting = new RoundRobin<string>()
    for (const item of ['a1', 'a2', 'a3']) waiting.add('busy', 'a', item)
    for (const item of ['b1', 'b2']) waiting.add('busy', 'b', item)
    waiting.add('calm', 'c', 'c1')
    expect(waiting.size).toBe(6)
    const taken = [waiting.take(), waiting.take(), waiting.take()]
    waiting.add('calm', 'c', 'c2')
    for (let item = waiting.take(); item !== undefined; item = waiting.take()) taken.push(item)
    expect(taken).toStrictEqual(['a1', 'c1', 'b1', 'a2', 'c2', 'b2', 'a3'])
    expect([waiting.size, waiting.take()]).toStrictEqual([0, undefined])
    waiting.add('busy', 'a', 'a4')
    waiting.remove('busy', 'a')
    expect([waiting.size, waiting.take()]).toStrictEqual([0, undefined])
  })

  test('LIM-121: a turn of the event loop handles messages for a bounded time, and the rest in later turns', async () => {
    const { turns, turn, work } = fakeTurns()
    const [busy, calm] = [{}, {}]
    const handled: string[] = []
    const handle = (name: string) => () => {
      handled.push(name)
      work(2)
    }
    expect(turns.isFree).toBe(true)
    work(6)
    expect(turns.isFree).toBe(false)
    for (const name of ['1', '2', '3', '4', '5']) turns.add('busy', busy, handle(`busy ${name}`))
    turns.add('calm', calm, handle('calm'))
    await turn()
    expect(handled).toStrictEqual(['busy 1', 'calm', 'busy 2'])
    // What arrives now is behind what waits.
    expect(turns.isFree).toBe(false)
    turns.forget('busy', busy)
    expect(turns.waiting).toBe(0)
    await turn()
    expect(handled).toHaveLength(3)
    expect(turns.isFree).toBe(true)
  })

  test('LIM-139: workspaces share the time of the event loop, so that one with costly messages does not delay many cheap ones', async () => {
    const { turns, turn, work } = fakeTurns()
    const handled: string[] = []
    const message = (name: string, cost: number) => () => {
      handled.push(name)
      work(cost)
    }
    work(turns.isFree ? 6 : 0)
    for (let at = 0; at < 3; at++) turns.add('costly', {}, message('costly', 20))
    for (let at = 0; at < 30; at++) turns.add('cheap', {}, message('cheap', 1))
    for (let count = 0; count < 8; count++) {
      await turn()
      // A workspace that comes later has no credit for the time before.
      if (count === 1) for (let at = 0; at < 2; at++) turns.add('late', {}, message('late', 4))
    }
    const before = (name: string, costly: number) => {
      const nth = handled.indexOf('costly', costly === 1 ? handled.indexOf('costly') + 1 : 0)
      return handled.slice(0, nth).filter((each) => each === name).length
    }
    expect(before('cheap', 0)).toBe(0)
    // 20 ms of each other workspace come before the next 20 ms of this one.
    expect([before('cheap', 1), before('late', 1)]).toStrictEqual([20, 2])
  })

  test('LIM-122: long work goes on in later turns, one workspace after the other', async () => {
    const { turns, turn, work } = fakeTurns()
    const steps: string[] = []
    const long = async (workspace: string) => {
      for (let step = 1; step <= 3; step++) {
        await turns.pause(workspace)
        steps.push(`${workspace} ${step}`)
        work(5)
      }
    }
    const all = Promise.all([long('a'), long('b'), long('a')])
    for (let count = 0; count < 20; count++) await turn()
    await all
    expect(steps).toHaveLength(9)
    // After the first step, which needed no pause, b gets every second turn.
    expect(steps.indexOf('b 3')).toBeLessThan(steps.lastIndexOf('a 2'))
    expect(turns.waiting).toBe(0)
  })

  test('LIM-123: a bounded number of works runs at once, and those that wait take turns', async () => {
    const slots = new FairSlots(2)
    const started: string[] = []
    const ends: (() => void)[] = []
    const run = (group: string, name: string) =>
      slots.run(group, name, async () => {
        started.push(name)
        await new Promise<void>((resolve) => ends.push(resolve))
        if (name === 'a2') throw new Error('failed')
      })
    const works = [run('a', 'a1'), run('a', 'a2'), run('a', 'a3'), run('a', 'a4'), run('b', 'b1')]
    const settled = Promise.allSettled(works)
    expect([started, slots.waiting]).toStrictEqual([['a1', 'a2'], 3])
    for (let at = 0; at < 5; at++) {
      ends[at]?.()
      await new Promise(setImmediate)
    }
    expect(started).toStrictEqual(['a1', 'a2', 'a3', 'b1', 'a4'])
    expect((await settled).map(({ status }) => status)).toStrictEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ])
  })
})
