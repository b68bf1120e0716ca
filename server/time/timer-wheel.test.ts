import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { FakeScheduler } from '../../tests/support/fake-scheduler.ts'
import { TimerWheel } from './timer-wheel.ts'
import { expectFor } from '../../tests/support/expecting.ts'
import { propertyParameters } from '../../tests/support/property-parameters.ts'

describe('timer wheel', () => {
  test('SRV-47: a task is never called early, and late by at most one slot', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(400_000), { minLength: 1, maxLength: 30 }), async (waits) => {
        const time = new FakeScheduler()
        const wheel = new TimerWheel(time)
        const start = time.now()
        const late: number[] = []
        for (const wait of waits) wheel.schedule(wait, () => late.push(time.now() - start - wait))
        await time.advance(400_200)
        expect(late).toHaveLength(waits.length)
        expectFor(
          String(late),
          late.every((by) => by >= 0 && by <= 100),
        ).toBe(true)
        expect([wheel.size, time.waiting]).toStrictEqual([0, 0])
      }),
      propertyParameters({ numRuns: 100 }),
    )
  })

  test('SRV-48: a cancelled task is not called, even when it is due in the same tick', async () => {
    const time = new FakeScheduler()
    const wheel = new TimerWheel(time)
    const called: string[] = []
    const cancels = new Map<string, () => void>()
    for (const name of ['a', 'b']) {
      cancels.set(
        name,
        wheel.schedule(1000, () => {
          called.push(name)
          for (const cancel of cancels.values()) cancel()
        }),
      )
    }
    const far = wheel.schedule(10_000_000, () => called.push('far'))
    far()
    await time.advance(20_000_000)
    expect(called).toStrictEqual(['a'])
  })

  test('SRV-49: when time jumps ahead, due tasks are called, and others are not', async () => {
    const time = new FakeScheduler()
    const wheel = new TimerWheel(time)
    const called: number[] = []
    for (const wait of [1000, 60_000, 3_600_000]) wheel.schedule(wait, () => called.push(wait))
    time.jump(120_000)
    await time.advance(200)
    expect(called).toStrictEqual([1000, 60_000])
    await time.advance(1000)
    expect(called).toStrictEqual([1000, 60_000])
  })

  test('SRV-70: a clock that is set ahead or back changes no wait', async () => {
    for (const step of [-3_600_000, 3_600_000]) {
      const time = new FakeScheduler()
      const wheel = new TimerWheel(time)
      const called: number[] = []
      for (const wait of [1000, 60_000, 3_600_000]) wheel.schedule(wait, () => called.push(wait))
      time.setDate(step)
      await time.advance(900)
      expect(called).toHaveLength(0)
      await time.advance(200)
      expect(called).toStrictEqual([1000])
      wheel.schedule(5000, () => called.push(5000))
      await time.advance(60_000)
      expect(called).toStrictEqual([1000, 5000, 60_000])
      await time.advance(3_540_000)
      expect(called).toStrictEqual([1000, 5000, 60_000, 3_600_000])
    }
  })

  test('SRV-50: a repeated task is called once per interval until it is cancelled', async () => {
    const time = new FakeScheduler()
    const wheel = new TimerWheel(time)
    let calls = 0
    const cancel = wheel.every(1000, () => (calls += 1))
    await time.advance(10_050)
    expect(calls).toBe(10)
    cancel()
    await time.advance(10_000)
    expect(calls).toBe(10)
  })
})
