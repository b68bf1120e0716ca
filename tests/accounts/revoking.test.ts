import assert from 'node:assert/strict'
import { test } from 'node:test'
import jwt from 'jsonwebtoken'
import { createNodeClient } from '../../client/node.ts'
import { core } from '../../model/identifiers.ts'
import { accounts } from '../../server/accounts/builtin/model.ts'
import { refusedWith, team } from '../support/accounts-calls.ts'
import { accountsService } from '../support/accounts-service.ts'
import { gate } from '../support/gate.ts'
import { RawClient, RawError } from '../support/raw-client.ts'
import { TEST_SECRET as secret } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'

const forbidden = refusedWith('platform:status:Forbidden')
const unauthorized = refusedWith('platform:status:Unauthorized')
const password = 'correct horse'
const another = 'battery staple'

interface Given {
  email: string
  token: string
}

const claimsOf = (token: string) => jwt.decode(token) as Record<string, unknown>

/** A team of ann's with carl in it, who has a password. Time stands still. */
async function withPassword(...[context]: Parameters<typeof team>) {
  const server = await team(context, {}, {}, { fakeTime: true })
  const { call, ann } = server
  const { token: carl } = (await call(undefined, 'createAccount', 'carl', password)) as Given
  await call(ann, 'assignWorkspace', 'carl', 'team')
  const select = async (by: string) => ((await call(by, 'selectWorkspace', 'team')) as Given).token
  return { ...server, carl, select }
}

test('ACC-46: who knows the old password sets another, goes on with a new token, and ends every other', async (context) => {
  const { call, carl, select, enter, refusal, signUp } = await withPassword(context)
  const inside = await select(carl)
  const session = await enter('carl', inside)
  const change = async (by: string, ...params: unknown[]) =>
    (await call(by, 'changePassword', ...params)) as Given
  const wrong = refusedWith('platform:status:InvalidCredentials')
  await assert.rejects(change(carl, 'wrong horse', another), wrong)
  await assert.rejects(change(carl, null, another), wrong)
  await assert.rejects(change(carl, password, 'short'), refusedWith('platform:status:BadRequest'))
  await assert.rejects(change(carl, password), refusedWith('platform:status:BadRequest'))
  await assert.rejects(change(await signUp('eve'), password, another, 'carl'), forbidden)
  assert.equal(session.closed, undefined)
  const { email, token } = await change(carl, password, another)
  assert.equal(email, 'carl')
  const { code, reason } = await session.waitForClose()
  assert.deepEqual([code, reason], [4102, 'token revoked'])
  await assert.rejects(call(carl, 'listWorkspaces'), unauthorized)
  assert.equal((await refusal(inside)).code, 4100)
  await assert.rejects(call(undefined, 'login', 'carl', password), wrong)
  assert.ok(await call(undefined, 'login', 'carl', another))
  assert.equal(await (await enter('carl', await select(token))).request('ping'), 'pong!')
})

test('ACC-46: an administrator sets a password without the old one, and gets no token for it', async (context) => {
  const { call, carl, ann, admin } = await withPassword(context)
  assert.deepEqual(await call(admin, 'changePassword', null, another, 'CARL'), { email: 'carl' })
  await assert.rejects(call(carl, 'listWorkspaces'), unauthorized)
  assert.ok(await call(undefined, 'login', 'carl', another))
  await assert.rejects(
    call(admin, 'changePassword', null, another, 'nobody'),
    refusedWith('platform:status:AccountNotFound'),
  )
  // Ann never had one.
  await assert.rejects(
    call(ann, 'changePassword', '', another),
    refusedWith('platform:status:InvalidCredentials'),
  )
  await call(admin, 'changePassword', null, another, 'ann')
  assert.ok(await call(undefined, 'login', 'ann', another))
})

test('ACC-46: wrong old passwords count with those of login, and of two who change it at once one does', async (context) => {
  const { call, carl } = await withPassword(context)
  const wanted = [another, `${another}s`]
  const both = await Promise.allSettled(
    wanted.map(async (next) => await call(carl, 'changePassword', password, next)),
  )
  const done = both.findIndex(({ status }) => status === 'fulfilled')
  assert.equal(both.filter(({ status }) => status === 'fulfilled').length, 1)
  const now = wanted[done]
  const { token: fresh } = (await call(undefined, 'login', 'carl', now)) as Given
  for (let guess = 0; guess < 5; guess++) {
    await assert.rejects(call(fresh, 'changePassword', 'a guess', password))
    await assert.rejects(call(undefined, 'login', 'CARL', 'a guess'))
  }
  await assert.rejects(
    call(fresh, 'changePassword', now, password),
    refusedWith('platform:status:LimitReached'),
  )
})

test('ACC-47: one’s own tokens, or by administrators anybody’s, are revoked; who revoked the own ones goes on', async (context) => {
  const { call, carl, select, enter, refusal, admin, ann } = await withPassword(context)
  const inside = await select(carl)
  const [session, owner] = [await enter('carl', inside), await enter('ann')]
  await assert.rejects(call(carl, 'revokeSessions', 'ann'), forbidden)
  await assert.rejects(call(ann, 'revokeSessions', 'carl'), forbidden)
  const { token } = (await call(carl, 'revokeSessions')) as Given
  assert.equal((await session.waitForClose()).code, 4102)
  assert.equal(owner.closed, undefined)
  for (const old of [carl, inside]) await assert.rejects(call(old, 'listWorkspaces'), unauthorized)
  const again = await enter('carl', await select(token))
  assert.deepEqual(await call(admin, 'revokeSessions', 'Carl'), { email: 'carl' })
  assert.equal((await again.waitForClose()).code, 4102)
  await assert.rejects(call(token, 'listWorkspaces'), unauthorized)
  await assert.rejects(
    call(admin, 'revokeSessions', 'nobody'),
    refusedWith('platform:status:AccountNotFound'),
  )
  const { frame, code } = await refusal(inside)
  const status = { severity: 'ERROR', code: 'platform:status:Unauthorized', params: {} }
  assert.deepEqual([frame, code], [{ id: -1, result: 'hello', error: status }, 4100])
})

test('ACC-47: a token for a workspace that revokes the others goes on as one for that workspace', async (context) => {
  const { call, carl, select } = await withPassword(context)
  await call(carl, 'createWorkspace', 'other')
  const { token } = (await call(await select(carl), 'revokeSessions')) as Given
  const { workspace, version, auth_time } = claimsOf(token)
  assert.deepEqual([workspace, version, auth_time], ['team', 1, claimsOf(carl)['auth_time']])
  await assert.rejects(call(token, 'selectWorkspace', 'other'), forbidden)
})

test('ACC-48: a revoked token is good for nothing: no call, no HTTP, no entry, no renewal, whatever it claims', async (context) => {
  const { call, carl, select, token, refusal, enter, server } = await withPassword(context)
  const inside = await select(carl)
  const { token: fresh } = (await call(carl, 'revokeSessions')) as Given
  assert.equal(claimsOf(inside)['version'], 0)
  const revoked = [
    carl,
    inside,
    token('carl', 'team', { version: 0 }),
    token('carl', 'team', { version: 2 }),
    token('carl', 'team', { version: 0, admin: 'true' }),
    token('carl', 'team', { version: 0, mode: 'backup' }),
    token('carl', 'team', { version: 0, model: 'upgrade' }),
    token('CARL', 'team', { version: 0 }),
    // Of somebody who is not registered.
    token('nobody', 'team', { version: 0, admin: 'true' }),
  ]
  const methods: [string, ...unknown[]][] = [
    ['listWorkspaces'],
    ['getWorkspaceInfo'],
    ['selectWorkspace', 'team'],
    ['createWorkspace', 'mine'],
    ['assignWorkspace', 'carl', 'team', 'OWNER'],
    ['removeMember', 'carl', 'team'],
    ['updateWorkspace', 'team', { disabled: true }],
    ['changePassword', password, another],
    ['revokeSessions'],
    ['createAccount', 'mallory', another],
  ]
  for (const bad of revoked) {
    for (const [method, ...params] of methods)
      await assert.rejects(call(bad, method, ...params), unauthorized, method)
    const answer = await fetch(`${server.url}/api/v1/statistics?token=${bad}`)
    assert.equal(answer.status, 401)
    const manage = await fetch(`${server.url}/api/v1/manage?token=${bad}&operation=wipe-statistics`, {
      method: 'PUT',
    })
    assert.equal(manage.status, 401)
    if (claimsOf(bad)['workspace'] !== undefined) assert.equal((await refusal(bad)).code, 4100)
  }
  const session = await enter('carl', await select(fresh))
  for (const bad of [inside, token('carl', 'team', { version: 0 })])
    await assert.rejects(
      session.request('authenticate', [bad]),
      (error) => error instanceof RawError && error.code === 'platform:status:Unauthorized',
    )
  assert.equal(await session.request('authenticate', [await select(fresh)]), true)
  assert.equal(await session.request('ping'), 'pong!')
})

test('ACC-48: a client whose token was revoked asks for another one, and goes on with that', async (context) => {
  const { call, carl, select, endpoint } = await withPassword(context)
  let login = carl
  const asked: boolean[] = []
  const client = createNodeClient({
    url: endpoint,
    getToken: async ({ isFresh }) => {
      asked.push(isFresh)
      return await select(login)
    },
  })
  context.after(() => client.terminate())
  await client.ready()
  const { token } = (await call(carl, 'revokeSessions')) as Given
  login = token
  await waitUntil(() => asked.length > 1, 'another token is asked for')
  await client.ready()
  const [account] = await client.findAll(core.class.Account, { email: 'carl' })
  assert.equal(account?.role, 'USER')
  // Until the answer to the revocation is here, there is none to give.
  assert.deepEqual([...new Set(asked)], [false, true])
  assert.equal(client.connectionState().phase, 'ready')
})

test('ACC-48: login takes a password whatever token comes with it', async (context) => {
  const { call, carl } = await withPassword(context)
  await call(carl, 'revokeSessions')
  for (const bearer of [carl, 'none'])
    assert.equal(((await call(bearer, 'login', 'carl', password)) as Given).email, 'carl')
})

test('ACC-49: a token without a version is good while its person revoked none, and when it was made after that', async (context) => {
  const { call, carl, token, enter, refusal, time, admin } = await withPassword(context)
  const signed = [
    token('carl', 'team'),
    token('carl', 'team', { admin: 'true' }),
    token('carl', 'team', { mode: 'backup' }),
  ]
  const sessions = await Promise.all(signed.map(async (by) => await enter('carl', by)))
  const system = await enter('system')
  await time.advance(1000)
  await call(carl, 'revokeSessions')
  for (const session of sessions) assert.equal((await session.waitForClose()).code, 4102)
  for (const by of signed) assert.equal((await refusal(by)).code, 4100)
  // A second is the least that tokens tell.
  await time.advance(1000)
  for (const by of [token('carl', 'team'), token('carl', 'team', { admin: 'true' })])
    assert.equal(await (await enter('carl', by)).request('ping'), 'pong!')
  const timeless = jwt.sign({ email: 'carl', workspace: 'team' }, secret, { noTimestamp: true })
  const late = Math.floor(time.now() / 1000) + 3600
  const early = jwt.sign({ email: 'carl', workspace: 'team', iat: late }, secret)
  for (const by of [timeless, early]) assert.equal((await refusal(by)).code, 4100)
  assert.equal(await system.request('ping'), 'pong!')
  await assert.rejects(
    call(admin, 'revokeSessions', 'system'),
    refusedWith('platform:status:AccountNotFound'),
  )
  assert.equal(system.closed, undefined)
})

test('ACC-50: a token that is revoked while it is exchanged becomes none that is good (over HTTP)', async (context) => {
  const { call, carl, select } = await withPassword(context)
  let good = carl
  for (let round = 0; round < 5; round++) {
    const old = good
    const before = Array.from({ length: 8 }, async () => await select(old))
    const revocations = Array.from({ length: 2 }, async () => await call(old, 'revokeSessions'))
    const [exchanged, revoked] = await Promise.all([
      Promise.allSettled([...before, ...Array.from({ length: 8 }, async () => await select(old))]),
      Promise.allSettled(revocations),
    ])
    const given = revoked.flatMap((each) =>
      each.status === 'fulfilled' ? [(each.value as Given).token] : [],
    )
    assert.equal(given.length, 1, 'of two who revoke with the same token one goes on')
    for (const outcome of exchanged)
      if (outcome.status === 'fulfilled')
        await assert.rejects(call(outcome.value, 'getWorkspaceInfo'), unauthorized)
    good = given[0] ?? ''
    assert.ok(await call(good, 'listWorkspaces'))
  }
})

test('ACC-50: a token that is revoked while it is exchanged becomes none that is good (between two reads)', async (context) => {
  const { service, tokens, admin, hold } = await accountsService(context)
  await service.call(admin, 'createAccount', ['carl', null])
  await service.call(admin, 'createWorkspace', ['team'])
  await service.call(admin, 'assignWorkspace', ['carl', 'team'])
  const old = tokens.sign({ email: 'carl', version: 0 })
  const { reached, open, pass } = gate()
  hold(accounts.class.Workspace, pass)
  const selecting = service.call(old, 'selectWorkspace', ['team'])
  await reached
  await service.call(admin, 'revokeSessions', ['carl'])
  open()
  await assert.rejects(selecting, { name: 'StatusError', message: /platform:status:Unauthorized/ })
})

test('ACC-55: who is refused puts nobody out, whatever session id is asked for', async (context) => {
  const { call, carl, select, endpoint, token, refusal } = await withPassword(context)
  const old = await select(carl)
  const { token: fresh } = (await call(carl, 'revokeSessions')) as Given
  const sessionId = 's1'
  const session = await RawClient.open(endpoint, await select(fresh), {}, { sessionId })
  const thief = new RawClient(endpoint, old, { sessionId })
  assert.equal((await thief.waitForClose()).code, 4100)
  assert.equal((await refusal(token('eve', 'team'))).code, 4202)
  assert.equal(await session.request('ping'), 'pong!')
  session.socket.pause()
  const strangers = [
    new RawClient(endpoint, old, { sessionId }),
    new RawClient(endpoint, token('eve', 'team'), { sessionId }),
  ]
  for (const stranger of strangers) await stranger.waitForClose()
  session.socket.resume()
  assert.equal(await session.request('ping'), 'pong!')
})
