import { describe, expect, test } from '@jest/globals'
import { dictionary } from '@zxcvbn-ts/language-common'
import { PasswordRules } from '../../server/accounts/builtin/password-rules.ts'
import { AccountsError, accountsOf } from '../support/accounts-calls.ts'
import { testServer } from '../support/test-server.ts'
import { expectFor, expectThat, satisfying } from '../support/expecting.ts'

const broken: [string, string][] = [
  ['', 'is blank'],
  ['              ', 'is blank'],
  ['\u2003\u00a0\t \u3000 \u200b\ufeff\u2060 \u00ad', 'is blank'],
  ['\u3164'.repeat(12), 'is blank'],
  ['ninechars', 'has fewer than 10 characters'],
  ['   nine.chr   ', 'has fewer than 10 characters'],
  // Five characters of two code units each, nine letters of which one has a separate accent, one ligature.
  ['\u{1f600}\u{1f601}\u{1f602}\u{1f603}\u{1f604}', 'has fewer than 10 characters'],
  ['ninechare\u0301', 'has fewer than 10 characters'],
  ['\ufdfa', 'has fewer than 10 characters'],
  ['aaaaaaaaaaaa', 'is one character repeated'],
  ['AaAaAaAaAaAa', 'is one character repeated'],
  ['\u{1f600}'.repeat(10), 'is one character repeated'],
  ['1234567890', 'is one of the commonest'],
  ['password123', 'is one of the commonest'],
  ['QwertyUiop', 'is one of the commonest'],
  [' 1q2w3e4r5t ', 'is one of the commonest'],
  ['\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff11\uff12\uff13', 'is one of the commonest'],
]

describe('passwords', () => {
  test('ACC-70: a new password that is blank, short, one repeated character or common is refused with the reason', async () => {
    const { call, admin } = accountsOf(await testServer({ accounts: 'builtin' }))
    await call(admin, 'createAccount', 'ann')
    const calls: ((password: string) => Promise<unknown>)[] = [
      async (password) => await call(undefined, 'createAccount', 'bob', password),
      async (password) => await call(admin, 'createAccount', 'bob', password),
      async (password) => await call(admin, 'changePassword', null, password, 'ann'),
    ]
    for (const [password, rule] of broken)
      for (const set of calls)
        await expect(set(password)).rejects.toThrow(
          satisfying((error) => {
            expectThat(error instanceof AccountsError)
            expect([error.code, error.params['message']]).toStrictEqual([
              'platform:status:BadRequest',
              `the password ${rule}`,
            ])
            return true
          }),
        )
    for (const password of ['ten chars.', '\u5bc6\u7801'.repeat(5), ' correct horse '])
      await call(admin, 'changePassword', null, password, 'ann')
    expect(await call(undefined, 'login', 'ann', ' correct horse ')).toBeTruthy()
  })

  test('ACC-70: each of the ten thousand most common passwords is refused, in upper case too', async () => {
    const rules = new PasswordRules()
    const commonest = dictionary['passwords-common'].slice(0, 10_000)
    expect(commonest).toHaveLength(10_000)
    for (const password of commonest) {
      await expectFor(password, rules.check(password)).rejects.toThrow(
        expect.objectContaining({ name: 'StatusError' }),
      )
      await expectFor(password, rules.check(password.toUpperCase())).rejects.toThrow(
        expect.objectContaining({ name: 'StatusError' }),
      )
    }
  })
})
