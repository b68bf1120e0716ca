import assert from 'node:assert/strict'
import { test } from 'node:test'
import jwt from 'jsonwebtoken'
import { accountsOf, refusedWith, team } from '../support/accounts-calls.ts'
import { RawClient } from '../support/raw-client.ts'
import { TEST_SECRET as secret, testServer } from '../support/test-server.ts'

const forbidden = refusedWith('platform:status:Forbidden')
const unauthorized = refusedWith('platform:status:Unauthorized')
const SECOND = 1000
const DAY = 86_400

const claimsOf = (token: string) => jwt.decode(token) as Record<string, number | string>

test('ACC-51: a token for a workspace is for no other, and makes none; a token for the accounts service opens no session', async (context) => {
  const { call, ann, token, refusal } = await team(context, { bob: 'OWNER' })
  await call(ann, 'createWorkspace', 'other')
  const inside = ((await call(ann, 'selectWorkspace', 'team')) as { token: string }).token
  for (const by of [inside, token('ann', 'team'), token('ann', 'team', { admin: 'true' })]) {
    assert.ok(await call(by, 'selectWorkspace', 'team'))
    for (const [method, ...params] of [
      ['selectWorkspace', 'other'],
      ['assignWorkspace', 'bob', 'other'],
      ['removeMember', 'bob', 'other'],
    ] as const)
      await assert.rejects(call(by, method, ...params), forbidden, method)
  }
  await assert.rejects(call(inside, 'createWorkspace', 'third'), forbidden)
  assert.deepEqual(await call(inside, 'assignWorkspace', 'bob', 'team', 'USER'), {
    email: 'bob',
    workspaceId: 'team',
    role: 'USER',
  })
  for (const by of [ann, token('ann', '', { admin: 'true' }), token('system', '')]) {
    const { frame, code } = await refusal(by)
    assert.deepEqual([frame.error?.code, code], ['platform:status:Unauthorized', 4100])
  }
})

test('ACC-52: tokens are renewed until their login is too long ago, and none lives longer', async (context) => {
  const flags = { loginMaxAge: String(3 * DAY), tokenTtl: String(DAY) }
  const { call, ann, time, endpoint } = await team(context, {}, flags, { fakeTime: true })
  const seconds = () => Math.floor(time.now() / SECOND)
  const { token: login } = (await call(undefined, 'createAccount', 'carl', 'correct horse')) as {
    token: string
  }
  const since = seconds()
  assert.deepEqual([claimsOf(login)['auth_time'], claimsOf(login)['exp']], [since, since + DAY])
  await call(ann, 'assignWorkspace', 'carl', 'team')
  let inside = ((await call(login, 'selectWorkspace', 'team')) as { token: string }).token
  const lives: number[] = []
  for (;;) {
    // Three seconds before it is over.
    const left = Number(claimsOf(inside)['exp']) - seconds()
    lives.push(left)
    await time.advance((left - 3) * SECOND)
    const next = (await call(inside, 'selectWorkspace', 'team')) as { token: string }
    assert.equal(claimsOf(next.token)['auth_time'], since)
    if (claimsOf(next.token)['exp'] === claimsOf(inside)['exp']) break
    inside = next.token
  }
  assert.equal(claimsOf(inside)['exp'], since + 3 * DAY)
  assert.deepEqual(lives.slice(0, 2), [DAY, DAY])
  const session = await RawClient.open(endpoint, inside)
  await time.advance(4 * SECOND)
  assert.equal((await session.waitForClose()).code, 4101)
  await assert.rejects(call(inside, 'selectWorkspace', 'team'), unauthorized)
})

test('ACC-52: a token that does not tell of a login counts from when it was made, and is not renewed when it tells neither', async (context) => {
  const { call, token, time } = await team(context, {}, {}, { fakeTime: true })
  const made = token('ann', 'team')
  const select = async (by: string) =>
    ((await call(by, 'selectWorkspace', 'team')) as { token: string }).token
  const inside = await select(made)
  assert.equal(claimsOf(inside)['auth_time'], claimsOf(made)['iat'])
  const timeless = jwt.sign({ email: 'ann', workspace: 'team' }, secret, { noTimestamp: true })
  assert.ok(await call(timeless, 'getWorkspaceInfo'))
  await assert.rejects(select(timeless), unauthorized)
  await time.advance(30 * DAY * SECOND)
  assert.ok(await call(made, 'getWorkspaceInfo'))
  await assert.rejects(select(made), unauthorized)
  const claims = { email: 'ann', workspace: 'team', auth_time: claimsOf(made)['iat'] }
  await assert.rejects(select(jwt.sign(claims, secret)), unauthorized)
})

test('ACC-53: a workspace is made by who is registered, with a token for the accounts service, or by administrators', async (context) => {
  const { call, admin, token, signUp } = accountsOf(await testServer(context, { accounts: 'builtin' }))
  const unknown = refusedWith('platform:status:AccountNotFound')
  for (const by of [token('ghost', ''), token('ghost', '', { mode: 'backup' })])
    await assert.rejects(call(by, 'createWorkspace', 'haunted'), unknown)
  await assert.rejects(call(token('ghost', 'team'), 'createWorkspace', 'haunted'), forbidden)
  // Neither of these has an account, so that nobody owns what they make.
  await call(admin, 'createWorkspace', 'by root')
  await call(token('system', ''), 'createWorkspace', 'by system')
  const { token: root } = (await call(undefined, 'createAccount', 'root', 'correct horse')) as {
    token: string
  }
  assert.deepEqual(await call(root, 'listWorkspaces'), [])
  await call(root, 'createWorkspace', 'haunted')
  const ghost = await signUp('ghost')
  assert.deepEqual(await call(ghost, 'listWorkspaces'), [])
  await assert.rejects(call(ghost, 'selectWorkspace', 'haunted'), forbidden)
})
