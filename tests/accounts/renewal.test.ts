import { describe, expect, test } from '@jest/globals'
import jwt from 'jsonwebtoken'
import { accountsOf, refusedWith, team } from '../support/accounts-calls.ts'
import { RawClient } from '../support/raw-client.ts'
import { TEST_SECRET as secret, testServer } from '../support/test-server.ts'
import { expectFor, satisfying } from '../support/expecting.ts'

const forbidden = refusedWith('platform:status:Forbidden')
const unauthorized = refusedWith('platform:status:Unauthorized')
const SECOND = 1000
const DAY = 86_400

const claimsOf = (token: string) => jwt.decode(token) as Record<string, number | string>

describe('renewal of tokens', () => {
  test('ACC-51: a token for a workspace is not valid for another one and creates none, and a token for the accounts service opens no session', async () => {
    const { call, ann, token, refusal } = await team({ bob: 'OWNER' })
    await call(ann, 'createWorkspace', 'other')
    const inside = ((await call(ann, 'selectWorkspace', 'team')) as { token: string }).token
    for (const by of [inside, token('ann', 'team'), token('ann', 'team', { admin: 'true' })]) {
      expect(await call(by, 'selectWorkspace', 'team')).toBeTruthy()
      for (const [method, ...params] of [
        ['selectWorkspace', 'other'],
        ['assignWorkspace', 'bob', 'other'],
        ['removeMember', 'bob', 'other'],
      ] as const)
        await expectFor(method, call(by, method, ...params)).rejects.toThrow(satisfying(forbidden))
    }
    await expect(call(inside, 'createWorkspace', 'third')).rejects.toThrow(satisfying(forbidden))
    expect(await call(inside, 'assignWorkspace', 'bob', 'team', 'USER')).toStrictEqual({
      email: 'bob',
      workspaceId: 'team',
      role: 'USER',
    })
    for (const by of [ann, token('ann', '', { admin: 'true' }), token('system', '')]) {
      const { frame, code } = await refusal(by)
      expect([frame.error?.code, code]).toStrictEqual(['platform:status:Unauthorized', 4100])
    }
  })

  test('ACC-52: tokens can be renewed until their login is too old, and none is valid longer', async () => {
    const flags = { loginMaxAge: String(3 * DAY), tokenTtl: String(DAY) }
    const { call, ann, time, endpoint } = await team({}, flags, { fakeTime: true })
    const seconds = () => Math.floor(time.now() / SECOND)
    const { token: login } = (await call(undefined, 'createAccount', 'carl', 'correct horse')) as {
      token: string
    }
    const since = seconds()
    expect([claimsOf(login)['auth_time'], claimsOf(login)['exp']]).toStrictEqual([since, since + DAY])
    await call(ann, 'assignWorkspace', 'carl', 'team')
    let inside = ((await call(login, 'selectWorkspace', 'team')) as { token: string }).token
    const lives: number[] = []
    for (;;) {
      // Three seconds before the end of its lifetime.
      const left = Number(claimsOf(inside)['exp']) - seconds()
      lives.push(left)
      await time.advance((left - 3) * SECOND)
      const next = (await call(inside, 'selectWorkspace', 'team')) as { token: string }
      expect(claimsOf(next.token)['auth_time']).toBe(since)
      if (claimsOf(next.token)['exp'] === claimsOf(inside)['exp']) break
      inside = next.token
    }
    expect(claimsOf(inside)['exp']).toBe(since + 3 * DAY)
    expect(lives.slice(0, 2)).toStrictEqual([DAY, DAY])
    const session = await RawClient.open(endpoint, inside)
    await time.advance(4 * SECOND)
    expect((await session.waitForClose()).code).toBe(4101)
    await expect(call(inside, 'selectWorkspace', 'team')).rejects.toThrow(satisfying(unauthorized))
  })

  test('ACC-52: a token without a login time counts from its creation, and is not renewed when it has neither', async () => {
    const { call, token, time } = await team({}, {}, { fakeTime: true })
    const made = token('ann', 'team')
    const select = async (by: string) =>
      ((await call(by, 'selectWorkspace', 'team')) as { token: string }).token
    const inside = await select(made)
    expect(claimsOf(inside)['auth_time']).toBe(claimsOf(made)['iat'])
    const timeless = jwt.sign({ email: 'ann', workspace: 'team' }, secret, { noTimestamp: true })
    expect(await call(timeless, 'getWorkspaceInfo')).toBeTruthy()
    await expect(select(timeless)).rejects.toThrow(satisfying(unauthorized))
    await time.advance(30 * DAY * SECOND)
    expect(await call(made, 'getWorkspaceInfo')).toBeTruthy()
    await expect(select(made)).rejects.toThrow(satisfying(unauthorized))
    const claims = { email: 'ann', workspace: 'team', auth_time: claimsOf(made)['iat'] }
    await expect(select(jwt.sign(claims, secret))).rejects.toThrow(satisfying(unauthorized))
  })

  test('ACC-53: a workspace is created by a registered account with a token for the accounts service, or by administrators', async () => {
    const { call, admin, token, signUp } = accountsOf(await testServer({ accounts: 'builtin' }))
    const unknown = refusedWith('platform:status:AccountNotFound')
    for (const by of [token('ghost', ''), token('ghost', '', { mode: 'backup' })])
      await expect(call(by, 'createWorkspace', 'haunted')).rejects.toThrow(satisfying(unknown))
    await expect(call(token('ghost', 'team'), 'createWorkspace', 'haunted')).rejects.toThrow(
      satisfying(forbidden),
    )
    // Neither of these has an account, so their workspaces have no owner.
    await call(admin, 'createWorkspace', 'by root')
    await call(token('system', ''), 'createWorkspace', 'by system')
    const { token: root } = (await call(undefined, 'createAccount', 'root', 'correct horse')) as {
      token: string
    }
    expect(await call(root, 'listWorkspaces')).toStrictEqual([])
    await call(root, 'createWorkspace', 'haunted')
    const ghost = await signUp('ghost')
    expect(await call(ghost, 'listWorkspaces')).toStrictEqual([])
    await expect(call(ghost, 'selectWorkspace', 'haunted')).rejects.toThrow(satisfying(forbidden))
  })
})
