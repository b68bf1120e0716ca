import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accountsOf, refusedWith } from '../support/accounts-calls.ts'
import { testServer } from '../support/test-server.ts'

const builtin = { accounts: 'builtin' }
const password = 'correct horse'

test('ACC-1: who signs up gets a token, and an email has one account', async (context) => {
  const { call, server } = accountsOf(await testServer(context, builtin))
  const { email, token } = (await call(undefined, 'createAccount', ' ann ', password)) as Record<
    string,
    string
  >
  assert.equal(email, 'ann')
  assert.deepEqual(await call(token, 'listWorkspaces'), [])
  await assert.rejects(
    call(undefined, 'createAccount', 'ann', password),
    refusedWith('platform:status:AccountExists'),
  )
  assert.match(server.url, /^http:\/\/127\.0\.0\.1:/)
})

test('ACC-2: an email or password that is none is refused, and so is the system’s email', async (context) => {
  const { call } = accountsOf(await testServer(context, builtin))
  const wrong = [
    [],
    ['ann'],
    ['', password],
    ['ann', 'short'],
    ['ann', 'x'.repeat(2000)],
    [{ $ne: 1 }, password],
  ]
  for (const params of wrong)
    await assert.rejects(
      call(undefined, 'createAccount', ...params),
      refusedWith('platform:status:BadRequest'),
    )
  await assert.rejects(
    call(undefined, 'createAccount', 'system', password),
    refusedWith('platform:status:Forbidden'),
  )
})

test('ACC-3: with sign-up closed only administrators make accounts, without a password if they like', async (context) => {
  const { call, admin } = accountsOf(await testServer(context, { ...builtin, signup: 'closed' }))
  await assert.rejects(
    call(undefined, 'createAccount', 'ann', password),
    refusedWith('platform:status:Forbidden'),
  )
  await call(admin, 'createAccount', 'ann')
  await assert.rejects(call(undefined, 'login', 'ann', ''), refusedWith('platform:status:InvalidCredentials'))
})

test('ACC-4: the right password logs in; a wrong one, and an unknown email, are refused alike', async (context) => {
  const { call } = accountsOf(await testServer(context, builtin))
  await call(undefined, 'createAccount', 'ann', password)
  const { token } = (await call(undefined, 'login', 'ann', password)) as { token: string }
  assert.deepEqual(await call(token, 'listWorkspaces'), [])
  for (const [email, given] of [
    ['ann', 'wrong horse'],
    ['ann', ''],
    ['nobody', password],
  ])
    await assert.rejects(
      call(undefined, 'login', email, given),
      refusedWith('platform:status:InvalidCredentials'),
    )
})

test('ACC-5: after ten wrong passwords an email is locked, whatever the password, and others are not', async (context) => {
  const { call } = accountsOf(await testServer(context, builtin))
  await call(undefined, 'createAccount', 'ann', password)
  await call(undefined, 'createAccount', 'bob', password)
  const guesses = await Promise.allSettled(
    Array.from({ length: 12 }, async (_, guess) => await call(undefined, 'login', 'ann', `guess ${guess}`)),
  )
  const codes = guesses.map((guess) => (guess.status === 'rejected' ? guess.reason.code : 'in') as string)
  assert.equal(codes.filter((code) => code === 'platform:status:InvalidCredentials').length, 10)
  assert.equal(codes.filter((code) => code === 'platform:status:LimitReached').length, 2)
  await assert.rejects(call(undefined, 'login', 'ann', password), refusedWith('platform:status:LimitReached'))
  assert.ok(await call(undefined, 'login', 'bob', password))
})

test('ACC-6: a call without a token, with a bad one, of no method or no JSON is answered by its code', async (context) => {
  const { call, url } = accountsOf(await testServer(context, builtin))
  await assert.rejects(call(undefined, 'listWorkspaces'), refusedWith('platform:status:Unauthorized'))
  await assert.rejects(call('bad', 'listWorkspaces'), refusedWith('platform:status:Unauthorized'))
  for (const method of ['nope', 'constructor', '__proto__', 'toString'])
    await assert.rejects(call(undefined, method), refusedWith('platform:status:UnknownMethod'))
  for (const body of ['', 'x', '[]', '{}', '{"method":7}', '{"method":"login","params":{}}']) {
    const answer = await fetch(url, { method: 'POST', body })
    assert.equal(answer.status, 400)
    assert.match(await answer.text(), /platform:status:BadRequest/)
  }
  const large = await fetch(url, { method: 'POST', body: JSON.stringify({ method: 'x'.repeat(70_000) }) })
  assert.equal(large.status, 413)
})
