import { describe, expect, test } from '@jest/globals'
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
import { expectFor, satisfying } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const forbidden = refusedWith('platform:status:Forbidden')
const unauthorized = refusedWith('platform:status:Unauthorized')
const password = 'correct horse'
const another = 'battery staple'

interface Given {
  email: string
  token: string
}

const claimsOf = (token: string) => jwt.decode(token) as Record<string, unknown>

/** A team of ann’s with carl in it, who has a password. The clock is stopped. */
async function withPassword() {
  const server = await team({}, {}, { fakeTime: true })
  const { call, ann } = server
  const { token: carl } = (await call(undefined, 'createAccount', 'carl', password)) as Given
  await call(ann, 'assignWorkspace', 'carl', 'team')
  const select = async (by: string) => ((await call(by, 'selectWorkspace', 'team')) as Given).token
  return { ...server, carl, select }
}

describe('revoked tokens', () => {
  test('ACC-46: a password change with the old password returns a new token, and all other tokens end', async () => {
    const { call, carl, select, enter, refusal, signUp } = await withPassword()
    const inside = await select(carl)
    const session = await enter('carl', inside)
    const change = async (by: string, ...params: unknown[]) =>
      (await call(by, 'changePassword', ...params)) as Given
    const wrong = refusedWith('platform:status:InvalidCredentials')
    await expect(change(carl, 'wrong horse', another)).rejects.toThrow(satisfying(wrong))
    await expect(change(carl, null, another)).rejects.toThrow(satisfying(wrong))
    await expect(change(carl, password, 'short')).rejects.toThrow(
      satisfying(refusedWith('platform:status:BadRequest')),
    )
    await expect(change(carl, password)).rejects.toThrow(
      satisfying(refusedWith('platform:status:BadRequest')),
    )
    await expect(change(await signUp('eve'), password, another, 'carl')).rejects.toThrow(
      satisfying(forbidden),
    )
    expect(session.closed).toBeUndefined()
    const { email, token } = await change(carl, password, another)
    expect(email).toBe('carl')
    const { code, reason } = await session.waitForClose()
    expect([code, reason]).toStrictEqual([4102, 'token revoked'])
    await expect(call(carl, 'listWorkspaces')).rejects.toThrow(satisfying(unauthorized))
    expect((await refusal(inside)).code).toBe(4100)
    await expect(call(undefined, 'login', 'carl', password)).rejects.toThrow(satisfying(wrong))
    expect(await call(undefined, 'login', 'carl', another)).toBeTruthy()
    expect(await (await enter('carl', await select(token))).request('ping')).toBe('pong!')
  })

  test('ACC-46: an administrator sets a password without the old one, and gets no token for it', async () => {
    const { call, carl, ann, admin } = await withPassword()
    expect(await call(admin, 'changePassword', null, another, 'CARL')).toStrictEqual({ email: 'carl' })
    await expect(call(carl, 'listWorkspaces')).rejects.toThrow(satisfying(unauthorized))
    expect(await call(undefined, 'login', 'carl', another)).toBeTruthy()
    await expect(call(admin, 'changePassword', null, another, 'nobody')).rejects.toThrow(
      satisfying(refusedWith('platform:status:AccountNotFound')),
    )
    // Ann never had a password.
    await expect(call(ann, 'changePassword', '', another)).rejects.toThrow(
      satisfying(refusedWith('platform:status:InvalidCredentials')),
    )
    await call(admin, 'changePassword', null, another, 'ann')
    expect(await call(undefined, 'login', 'ann', another)).toBeTruthy()
  })

  test('ACC-46: wrong old passwords count with those of login, and of two concurrent changes one succeeds', async () => {
    const { call, carl } = await withPassword()
    const wanted = [another, `${another}s`]
    const both = await Promise.allSettled(
      wanted.map(async (next) => await call(carl, 'changePassword', password, next)),
    )
    const done = both.findIndex(({ status }) => status === 'fulfilled')
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const now = wanted[done]
    const { token: fresh } = (await call(undefined, 'login', 'carl', now)) as Given
    for (let guess = 0; guess < 5; guess++) {
      await expect(call(fresh, 'changePassword', 'a guess', password)).rejects.toThrow()
      await expect(call(undefined, 'login', 'CARL', 'a guess')).rejects.toThrow()
    }
    await expect(call(fresh, 'changePassword', now, password)).rejects.toThrow(
      satisfying(refusedWith('platform:status:RateLimited')),
    )
  })

  test('ACC-47: a person revokes its own tokens, an administrator anybody’s, and a person that revokes its own gets a new one', async () => {
    const { call, carl, select, enter, refusal, admin, ann } = await withPassword()
    const inside = await select(carl)
    const [session, owner] = [await enter('carl', inside), await enter('ann')]
    await expect(call(carl, 'revokeSessions', 'ann')).rejects.toThrow(satisfying(forbidden))
    await expect(call(ann, 'revokeSessions', 'carl')).rejects.toThrow(satisfying(forbidden))
    const { token } = (await call(carl, 'revokeSessions')) as Given
    expect((await session.waitForClose()).code).toBe(4102)
    expect(owner.closed).toBeUndefined()
    for (const old of [carl, inside])
      await expect(call(old, 'listWorkspaces')).rejects.toThrow(satisfying(unauthorized))
    const again = await enter('carl', await select(token))
    expect(await call(admin, 'revokeSessions', 'Carl')).toStrictEqual({ email: 'carl' })
    expect((await again.waitForClose()).code).toBe(4102)
    await expect(call(token, 'listWorkspaces')).rejects.toThrow(satisfying(unauthorized))
    await expect(call(admin, 'revokeSessions', 'nobody')).rejects.toThrow(
      satisfying(refusedWith('platform:status:AccountNotFound')),
    )
    const { frame, code } = await refusal(inside)
    const status = { severity: 'ERROR', code: 'platform:status:Unauthorized', params: {} }
    expect([frame, code]).toStrictEqual([{ id: -1, result: 'hello', error: status }, 4100])
  })

  test('ACC-47: a revocation with a token for a workspace returns a new token for that workspace', async () => {
    const { call, carl, select } = await withPassword()
    await call(carl, 'createWorkspace', 'other')
    const { token } = (await call(await select(carl), 'revokeSessions')) as Given
    const { workspace, version, auth_time } = claimsOf(token)
    expect([workspace, version, auth_time]).toStrictEqual(['team', 1, claimsOf(carl)['auth_time']])
    await expect(call(token, 'selectWorkspace', 'other')).rejects.toThrow(satisfying(forbidden))
  })

  test('ACC-48: a revoked token is refused in calls, over HTTP, at the entry and at a renewal, whatever it claims', async () => {
    const { call, carl, select, token, refusal, enter, server } = await withPassword()
    const inside = await select(carl)
    const { token: fresh } = (await call(carl, 'revokeSessions')) as Given
    expect(claimsOf(inside)['version']).toBe(0)
    const revoked = [
      carl,
      inside,
      token('carl', 'team', { version: 0 }),
      token('carl', 'team', { version: 2 }),
      token('carl', 'team', { version: 0, admin: 'true' }),
      token('carl', 'team', { version: 0, mode: 'backup' }),
      token('carl', 'team', { version: 0, model: 'upgrade' }),
      token('CARL', 'team', { version: 0 }),
      // A token of an unregistered person.
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
        await expectFor(method, call(bad, method, ...params)).rejects.toThrow(satisfying(unauthorized))
      const answer = await fetch(`${server.url}/api/v1/statistics?token=${bad}`)
      expect(answer.status).toBe(401)
      const manage = await fetch(`${server.url}/api/v1/manage?token=${bad}&operation=wipe-statistics`, {
        method: 'PUT',
      })
      expect(manage.status).toBe(401)
      if (claimsOf(bad)['workspace'] !== undefined) expect((await refusal(bad)).code).toBe(4100)
    }
    const session = await enter('carl', await select(fresh))
    for (const bad of [inside, token('carl', 'team', { version: 0 })])
      await expect(session.request('authenticate', [bad])).rejects.toThrow(
        satisfying((error) => error instanceof RawError && error.code === 'platform:status:Unauthorized'),
      )
    expect(await session.request('authenticate', [await select(fresh)])).toBe(true)
    expect(await session.request('ping')).toBe('pong!')
  })

  test('ACC-48: a client whose token was revoked requests another one, and continues with it', async () => {
    const { call, carl, select, endpoint } = await withPassword()
    let login = carl
    const asked: boolean[] = []
    const client = createNodeClient({
      url: endpoint,
      getToken: async ({ isFresh }) => {
        asked.push(isFresh)
        return await select(login)
      },
    })
    onTestEnd(() => client.terminate())
    await client.ready()
    const { token } = (await call(carl, 'revokeSessions')) as Given
    login = token
    await waitUntil(() => asked.length > 1, 'another token is asked for')
    await client.ready()
    const [account] = await client.findAll(core.class.Account, { email: 'carl' })
    expect(account?.role).toBe('USER')
    // Until the revocation is answered, there is no new token.
    expect([...new Set(asked)]).toStrictEqual([false, true])
    expect(client.connectionState().phase).toBe('ready')
  })

  test('ACC-48: login accepts a password whatever token is sent with it', async () => {
    const { call, carl } = await withPassword()
    await call(carl, 'revokeSessions')
    for (const bearer of [carl, 'none'])
      expect(((await call(bearer, 'login', 'carl', password)) as Given).email).toBe('carl')
  })

  test('ACC-49: a token without a version is valid while its person revoked none, and when it was made after the revocation', async () => {
    const { call, carl, token, enter, refusal, time, admin } = await withPassword()
    const signed = [
      token('carl', 'team'),
      token('carl', 'team', { admin: 'true' }),
      token('carl', 'team', { mode: 'backup' }),
    ]
    const sessions = await Promise.all(signed.map(async (by) => await enter('carl', by)))
    const system = await enter('system')
    await time.advance(1000)
    await call(carl, 'revokeSessions')
    for (const session of sessions) expect((await session.waitForClose()).code).toBe(4102)
    for (const by of signed) expect((await refusal(by)).code).toBe(4100)
    // Tokens have a resolution of one second.
    await time.advance(1000)
    for (const by of [token('carl', 'team'), token('carl', 'team', { admin: 'true' })])
      expect(await (await enter('carl', by)).request('ping')).toBe('pong!')
    const timeless = jwt.sign({ email: 'carl', workspace: 'team' }, secret, { noTimestamp: true })
    const late = Math.floor(time.now() / 1000) + 3600
    const early = jwt.sign({ email: 'carl', workspace: 'team', iat: late }, secret)
    for (const by of [timeless, early]) expect((await refusal(by)).code).toBe(4100)
    expect(await system.request('ping')).toBe('pong!')
    await expect(call(admin, 'revokeSessions', 'system')).rejects.toThrow(
      satisfying(refusedWith('platform:status:AccountNotFound')),
    )
    expect(system.closed).toBeUndefined()
  })

  test('ACC-50: a token that is revoked during its exchange gives no valid token (over HTTP)', async () => {
    const { call, carl, select } = await withPassword()
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
      // Of two revocations with the same token, one returns a new token.
      expect(given).toHaveLength(1)
      for (const outcome of exchanged)
        if (outcome.status === 'fulfilled')
          await expect(call(outcome.value, 'getWorkspaceInfo')).rejects.toThrow(satisfying(unauthorized))
      good = given[0] ?? ''
      expect(await call(good, 'listWorkspaces')).toBeTruthy()
    }
  })

  test('ACC-50: a token that is revoked during its exchange gives no valid token (between two reads)', async () => {
    const { service, tokens, admin, hold } = await accountsService()
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
    await expect(selecting).rejects.toThrow(
      expect.objectContaining({
        name: 'StatusError',
        message: expect.stringMatching(/platform:status:Unauthorized/),
      }),
    )
  })

  test('ACC-55: a refused client replaces no session, whatever session id it asks for', async () => {
    const { call, carl, select, endpoint, token, refusal } = await withPassword()
    const old = await select(carl)
    const { token: fresh } = (await call(carl, 'revokeSessions')) as Given
    const sessionId = 's1'
    const session = await RawClient.open(endpoint, await select(fresh), {}, { sessionId })
    const thief = new RawClient(endpoint, old, { sessionId })
    expect((await thief.waitForClose()).code).toBe(4100)
    expect((await refusal(token('eve', 'team'))).code).toBe(4202)
    expect(await session.request('ping')).toBe('pong!')
    session.socket.pause()
    const strangers = [
      new RawClient(endpoint, old, { sessionId }),
      new RawClient(endpoint, token('eve', 'team'), { sessionId }),
    ]
    for (const stranger of strangers) await stranger.waitForClose()
    session.socket.resume()
    expect(await session.request('ping')).toBe('pong!')
  })
})
