import { describe, expect, test } from '@jest/globals'
import { FakeScheduler } from '../../../tests/support/fake-scheduler.ts'
import { addressesAfter, type LoginAttempt, LoginLimits } from './login-limits.ts'

function limitsOf() {
  const time = new FakeScheduler()
  const settings = { loginAttempts: 10, addressLoginAttempts: 100, loginWait: 300_000 }
  const limits = new LoginLimits({ settings, reports: { hit: () => undefined }, monotonic: time.monotonic })
  /** Milliseconds that the attempt has to wait. */
  const wait = async (attempt: LoginAttempt): Promise<unknown> => {
    const error = await limits.check(attempt).catch((refusal: unknown) => refusal)
    return (error as { status: { params: object } } | undefined)?.status.params
  }
  return { limits, time, wait }
}

const at = (id: string, address: string, addresses?: string[]): LoginAttempt => ({
  id,
  address,
  person: addresses === undefined ? {} : { addresses },
})

describe('logins', () => {
  test('LIM-66: waits double up to the longest one, and the right password ends them', async () => {
    const { limits, time, wait } = limitsOf()
    const ann = at('ann', '1.1.1.1')
    for (let failures = 0; failures < 9; failures++) await limits.failed(ann)
    expect(await wait(ann)).toBeUndefined()
    const waits: unknown[] = []
    for (let failures = 0; failures < 12; failures++) {
      await limits.failed(ann)
      const { retryAfter } = (await wait(ann)) as { retryAfter: number }
      waits.push(retryAfter / 1000)
      time.jump(retryAfter)
      expect(await wait(ann)).toBeUndefined()
    }
    expect(waits).toStrictEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
    await limits.succeeded(ann)
    for (let failures = 0; failures < 9; failures++) await limits.failed(ann)
    expect(await wait(ann)).toBeUndefined()
  })

  test('LIM-67: 10,200 failures for other emails, of accounts or not, make the limits forget no account', async () => {
    const { limits, wait } = limitsOf()
    const ann = at('ann', '1.1.1.1')
    for (let failures = 0; failures < 10; failures++) await limits.failed(ann)
    for (let other = 0; other < 10_200; other++) {
      await limits.failed({
        id: `nobody-${other}`,
        address: `2.2.${other >> 8}.${other & 255}`,
        person: undefined,
      })
      await limits.failed(at(`somebody-${other}`, `3.3.${other >> 8}.${other & 255}`))
    }
    expect(await wait(ann)).toStrictEqual({ limit: 'wrong passwords', retryAfter: 1000 })
    expect(await wait(at('ann', '4.4.4.4'))).toStrictEqual({ limit: 'wrong passwords', retryAfter: 1000 })
    expect(await wait(at('somebody-1', '5.5.5.5'))).toBeUndefined()
  })

  test('LIM-68: an address waits at accounts that do not know it, and other addresses do not', async () => {
    const { limits, wait } = limitsOf()
    const known = addressesAfter(at('bob', '1.1.1.1')) ?? []
    for (let other = 0; other < 100; other++) await limits.failed(at(`account-${other}`, '1.1.1.1'))
    const refusal = { limit: 'wrong passwords of an address', retryAfter: 1000 }
    expect(await wait(at('ann', '1.1.1.1'))).toStrictEqual(refusal)
    expect(await wait(at('bob', '1.1.1.1', known))).toBeUndefined()
    expect(await wait(at('ann', '1.1.1.2'))).toBeUndefined()
  })

  test('LIM-65: failures at an address that the account knows count for that pair alone', async () => {
    const { limits, wait } = limitsOf()
    const known = addressesAfter(at('ann', '1.1.1.1')) ?? []
    const both = addressesAfter(at('ann', '2.2.2.2', known)) ?? []
    expect(both).toHaveLength(2)
    for (let failures = 0; failures < 10; failures++) await limits.failed(at('ann', '1.1.1.1', both))
    expect(await wait(at('ann', '1.1.1.1', both))).toStrictEqual({
      limit: 'wrong passwords',
      retryAfter: 1000,
    })
    expect(await wait(at('ann', '2.2.2.2', both))).toBeUndefined()
    expect(await wait(at('ann', '3.3.3.3', both))).toBeUndefined()
  })
})
