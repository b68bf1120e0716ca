import { describe, expect, test } from '@jest/globals'
import type { Flags } from '../../server/configuration/configuration.ts'
import { testServer } from '../support/test-server.ts'

const password = 'correct horse'

/** A server behind a proxy, and logins of clients by their addresses. */
async function behindProxy(flags: Flags = {}) {
  const server = await testServer(
    { accounts: 'builtin', trustProxy: 'loopback', ...flags },
    { fakeTime: true },
  )
  const call = async (from: string, method: string, params: unknown[], token = '') => {
    const answer = await fetch(`${server.server.url}/accounts`, {
      method: 'POST',
      headers: { 'x-forwarded-for': from, ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ method, params }),
    })
    return (await answer.json()) as {
      result?: { token: string }
      error?: { code: string; params: { retryAfter: number; limit: string } }
    }
  }
  /** The code of its error, or `in`. */
  const login = async (from: string, email: string, secret = password) =>
    (await call(from, 'login', [email, secret])).error?.code.split(':').at(-1) ?? 'in'
  /** Fails until the account waits. */
  const guess = async (email: string) => {
    for (let guesses = 0; guesses < 10; guesses++)
      expect(await login(`2.2.2.${guesses}`, email, 'a guess')).toBe('InvalidCredentials')
  }
  return { ...server, call, login, guess }
}

describe('logins', () => {
  test('LIM-65: an owner logs in from a known address while others guess, also after a restart', async () => {
    const first = await behindProxy({ storage: 'embedded' })
    await first.call('1.1.1.1', 'createAccount', ['ann', password])
    await first.guess('ann')
    expect(await first.login('3.3.3.3', 'ann')).toBe('RateLimited')
    for (let more = 0; more < 5; more++)
      expect(await first.login('2.2.2.2', 'ann', 'a guess')).toBe('RateLimited')
    expect(await first.login('1.1.1.1', 'ann')).toBe('in')
    // Elsewhere the right password waits, which is what stops guesses.
    await first.time.advance(1000)
    expect(await first.login('3.3.3.3', 'ann')).toBe('in')
    await first.server.stop()
    const second = await behindProxy({ storage: 'embedded', data: first.data })
    await second.guess('ann')
    expect(await second.login('4.4.4.4', 'ann')).toBe('RateLimited')
    expect([await second.login('1.1.1.1', 'ann'), await second.login('3.3.3.3', 'ann')]).toStrictEqual([
      'in',
      'in',
    ])
  })

  test('LIM-68: an address that guesses at many accounts waits, and is told how long', async () => {
    const { call, login } = await behindProxy({ addressLoginAttempts: '3' })
    await call('1.1.1.1', 'createAccount', ['ann', password])
    for (const email of ['a', 'b', 'c']) expect(await login('2.2.2.2', email)).toBe('InvalidCredentials')
    expect((await call('2.2.2.2', 'login', ['ann', password])).error).toStrictEqual({
      severity: 'ERROR',
      code: 'platform:status:RateLimited',
      params: { limit: 'wrong passwords of an address', retryAfter: 1000 },
    })
    expect([await login('1.1.1.1', 'ann'), await login('2.2.2.3', 'ann')]).toStrictEqual(['in', 'in'])
  })

  test('LIM-69: 150 logins at once wait for their turn and succeed', async () => {
    const { call, login } = await behindProxy()
    const people = ['ann', 'bob', 'carl', 'dan', 'eve']
    for (const email of people) await call('1.1.1.1', 'createAccount', [email, password])
    const outcomes = await Promise.all(
      Array.from({ length: 150 }, async (_, at) => await login('1.1.1.1', people[at % people.length] ?? '')),
    )
    expect(new Set(outcomes)).toStrictEqual(new Set(['in']))
    // Each takes a quarter of a second of a core that is free.
  }, 600_000)

  test('LIM-70: a changed password makes only the address known from which the person changed it', async () => {
    const { call, login, guess } = await behindProxy()
    await call('1.1.1.1', 'createAccount', ['ann', password])
    const { result } = await call('5.5.5.5', 'login', ['ann', password])
    const another = 'battery staple'
    await call('5.5.5.5', 'changePassword', [password, another], result?.token)
    await guess('ann')
    expect(await login('1.1.1.1', 'ann', another)).toBe('RateLimited')
    expect(await login('5.5.5.5', 'ann', another)).toBe('in')
  })

  test('LIM-66: limits of logins are off at 0', async () => {
    const { login } = await behindProxy({ loginAttempts: '0', addressLoginAttempts: '0' })
    for (let guesses = 0; guesses < 12; guesses++)
      expect(await login('2.2.2.2', 'ann', 'a guess')).toBe('InvalidCredentials')
  })
})
