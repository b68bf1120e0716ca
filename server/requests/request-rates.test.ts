import { describe, expect, test } from '@jest/globals'
import { FakeScheduler } from '../../tests/support/fake-scheduler.ts'
import { systemClock } from '../../model/clock.ts'
import { Tokens } from '../auth/tokens.ts'
import { MemoryRateStore } from '../rates/memory-rate-store.ts'
import type { RateStore } from '../rates/rate-store.ts'
import { RequestRates } from './request-rates.ts'

const tokens = new Tokens('a secret', systemClock.now)
const ann = tokens.verify(tokens.sign({ email: 'ann', workspace: 'w1' }))
const settings = {
  rateWindow: 30_000,
  accountRequests: 2,
  systemRequests: 0,
  sessionRequests: 0,
  accountBytes: 100,
  systemBytes: 0,
  addressRequests: 0,
  sessionBytes: 0,
  addressBytes: 0,
}

/** A store elsewhere: it responds in a later turn. */
function later(store: MemoryRateStore): RateStore {
  return {
    take: async (...count) => await Promise.resolve(store.take(...count)),
    peek: async (key) => await Promise.resolve(store.peek(key)),
    forget: async (key) => await Promise.resolve(store.forget(key)),
  }
}

describe('rates', () => {
  test('LIM-80: requests on their way prolong a refusal, for a bounded time, in whatever store', async () => {
    for (const kind of ['memory', 'later']) {
      const time = new FakeScheduler()
      const memory = new MemoryRateStore({ keys: 10, now: time.monotonic })
      const store = kind === 'memory' ? memory : later(memory)
      const rate = new RequestRates({ settings, store, now: time.monotonic }).of(ann, '127.0.0.1')
      const wait = async () => (await rate.request())?.retryAfter
      expect([await wait(), await wait()]).toStrictEqual([undefined, undefined])
      time.jump(29_900)
      expect(await wait()).toBe(1000)
      // Of the next window, but sent before the client knew of the refusal.
      const waits = []
      for (let count = 0; count < 12; count++) {
        time.jump(500)
        waits.push(await wait())
      }
      expect(waits).toStrictEqual([...Array.from({ length: 10 }, () => 1000), 500, undefined])
      expect([await rate.bytes(90), await rate.bytes(11)]).toStrictEqual([
        undefined,
        { limit: 'bytes of an account', milliseconds: 30_000 },
      ])
    }
  })

  test('LIM-83: a client of protocol 2 is refused until it says that it has rested', () => {
    const time = new FakeScheduler()
    const store = new MemoryRateStore({ keys: 10, now: time.monotonic })
    const rate = new RequestRates({ settings, store, now: time.monotonic }).of(ann, '127.0.0.1')
    const isRefused = () => rate.request(true) !== undefined
    expect([isRefused(), isRefused(), isRefused()]).toStrictEqual([false, false, true])
    // The server was busy: what comes now was sent before the client heard of the refusal.
    time.jump(40_000)
    expect([isRefused(), isRefused()]).toStrictEqual([true, true])
    rate.rested()
    expect([isRefused(), isRefused()]).toStrictEqual([false, false])
    // Saying so early changes nothing.
    expect(isRefused()).toBe(true)
    rate.rested()
    expect(isRefused()).toBe(true)
    time.jump(90_000)
    expect(isRefused()).toBe(false)
  })

  test('LIM-81: the number of counted keys is bounded, and the least recent one is forgotten', () => {
    const time = new FakeScheduler()
    const store = new MemoryRateStore({ keys: 100, now: time.monotonic })
    for (let key = 0; key < 1000; key++) store.take(`key ${key}`, 1, 1000)
    expect(store.size).toBe(100)
    expect(store.peek('key 0')).toBeUndefined()
    expect(store.take('key 999', 2, 1000)).toStrictEqual({ spent: 3, resetsIn: 1000 })
    time.jump(1000)
    expect(store.peek('key 999')).toBeUndefined()
    expect(store.take('key 999', 1, 1000).spent).toBe(1)
  })
})
