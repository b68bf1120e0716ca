import { describe, expect, test } from '@jest/globals'
import { AccountsError, accountsOf, refusedWith } from '../support/accounts-calls.ts'
import { testServer } from '../support/test-server.ts'
import { expectThat, satisfying } from '../support/expecting.ts'

const builtin = { accounts: 'builtin' }
const password = 'correct horse'

describe('sign-up and login', () => {
  test('ACC-1: a sign-up returns a token, and an email has one account', async () => {
    const { call, server } = accountsOf(await testServer(builtin))
    const { email, token } = (await call(undefined, 'createAccount', ' ann ', password)) as Record<
      string,
      string
    >
    expect(email).toBe('ann')
    expect(await call(token, 'listWorkspaces')).toStrictEqual([])
    await expect(call(undefined, 'createAccount', 'ann', password)).rejects.toThrow(
      satisfying(refusedWith('platform:status:AccountExists')),
    )
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:/)
  })

  test('ACC-2: an invalid email or password is refused, and so is the system’s email', async () => {
    const { call } = accountsOf(await testServer(builtin))
    const wrong = [
      [],
      ['ann'],
      ['', password],
      ['ann', 'short'],
      ['ann', 'x'.repeat(2000)],
      [{ $ne: 1 }, password],
    ]
    for (const params of wrong)
      await expect(call(undefined, 'createAccount', ...params)).rejects.toThrow(
        satisfying(refusedWith('platform:status:BadRequest')),
      )
    await expect(call(undefined, 'createAccount', 'system', password)).rejects.toThrow(
      satisfying(refusedWith('platform:status:Forbidden')),
    )
  })

  test('ACC-3: with sign-up closed only administrators create accounts, with or without a password', async () => {
    const { call, admin } = accountsOf(await testServer({ ...builtin, signup: 'closed' }))
    await expect(call(undefined, 'createAccount', 'ann', password)).rejects.toThrow(
      satisfying(refusedWith('platform:status:Forbidden')),
    )
    await call(admin, 'createAccount', 'ann')
    await expect(call(undefined, 'login', 'ann', '')).rejects.toThrow(
      satisfying(refusedWith('platform:status:InvalidCredentials')),
    )
  })

  test('ACC-4: the right password logs in, and a wrong one is refused like an unknown email', async () => {
    const { call } = accountsOf(await testServer(builtin))
    await call(undefined, 'createAccount', 'ann', password)
    const { token } = (await call(undefined, 'login', 'ann', password)) as { token: string }
    expect(await call(token, 'listWorkspaces')).toStrictEqual([])
    for (const [email, given] of [
      ['ann', 'wrong horse'],
      ['ann', ''],
      ['nobody', password],
    ])
      await expect(call(undefined, 'login', email, given)).rejects.toThrow(
        satisfying(refusedWith('platform:status:InvalidCredentials')),
      )
  })

  test('ACC-5: after ten wrong passwords an email has to wait, whatever the password, and other emails do not', async () => {
    const { call, time } = accountsOf(await testServer(builtin, { fakeTime: true }))
    await call(undefined, 'createAccount', 'ann', password)
    await call(undefined, 'createAccount', 'bob', password)
    const guesses = await Promise.allSettled(
      Array.from({ length: 12 }, async (_, guess) => await call(undefined, 'login', 'ann', `guess ${guess}`)),
    )
    const codes = guesses.map((guess) => (guess.status === 'rejected' ? guess.reason.code : 'in') as string)
    expect(codes.filter((code) => code === 'platform:status:InvalidCredentials')).toHaveLength(10)
    expect(codes.filter((code) => code === 'platform:status:RateLimited')).toHaveLength(2)
    const refused = await call(undefined, 'login', 'ann', password).catch((error: unknown) => error)
    expectThat(refused instanceof AccountsError)
    expect(refused.code).toBe('platform:status:RateLimited')
    expect(refused.params).toStrictEqual({ limit: 'wrong passwords', retryAfter: 1000 })
    expect(await call(undefined, 'login', 'bob', password)).toBeTruthy()
    await time.advance(1000)
    expect(await call(undefined, 'login', 'ann', password)).toBeTruthy()
  })

  test('ACC-6: a call without a token, with a bad token, of an unknown method or without JSON is answered with its code', async () => {
    const { call, url } = accountsOf(await testServer(builtin))
    await expect(call(undefined, 'listWorkspaces')).rejects.toThrow(
      satisfying(refusedWith('platform:status:Unauthorized')),
    )
    await expect(call('bad', 'listWorkspaces')).rejects.toThrow(
      satisfying(refusedWith('platform:status:Unauthorized')),
    )
    for (const method of ['nope', 'constructor', '__proto__', 'toString'])
      await expect(call(undefined, method)).rejects.toThrow(
        satisfying(refusedWith('platform:status:UnknownMethod')),
      )
    for (const body of ['', 'x', '[]', '{}', '{"method":7}', '{"method":"login","params":{}}']) {
      const answer = await fetch(url, { method: 'POST', body })
      expect(answer.status).toBe(400)
      expect(await answer.text()).toMatch(/platform:status:BadRequest/)
    }
    const large = await fetch(url, { method: 'POST', body: JSON.stringify({ method: 'x'.repeat(70_000) }) })
    expect(large.status).toBe(413)
  })
})
