import { describe, expect, test } from '@jest/globals'
import { systemClock } from '../../model/clock.ts'
import { accountsOf, refusedWith } from '../support/accounts-calls.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'
import { satisfying } from '../support/expecting.ts'

const builtin = { accounts: 'builtin' }
const forbidden = refusedWith('platform:status:Forbidden')

interface Selected {
  endpoint: string
  token: string
}

describe('workspaces of accounts', () => {
  test('ACC-10: the creator of a workspace owns it, and selectWorkspace returns the token and the address to enter it', async () => {
    const { call, signUp } = accountsOf(await testServer(builtin))
    const ann = await signUp('ann')
    const made = await call(ann, 'createWorkspace', ' Team Rocket! ')
    expect(made).toStrictEqual({
      workspaceId: 'team-rocket',
      workspaceUrl: 'team-rocket',
      workspaceName: 'Team Rocket!',
    })
    const { endpoint, token } = (await call(ann, 'selectWorkspace', 'team-rocket')) as Selected
    const client = await RawClient.open(endpoint, token)
    const { email, role } = (await client.request('getAccount')) as Record<string, string>
    expect([email, role]).toStrictEqual(['ann', 'OWNER'])
  })

  test('ACC-11: the name of a workspace is unique, and has characters from which an id can be made', async () => {
    const { call, signUp } = accountsOf(await testServer(builtin))
    const ann = await signUp('ann')
    await call(ann, 'createWorkspace', 'Team')
    await expect(call(ann, 'createWorkspace', 'team')).rejects.toThrow(
      satisfying(refusedWith('platform:status:WorkspaceExists')),
    )
    for (const name of ['', '   ', '!!!', '../..', 7])
      await expect(call(ann, 'createWorkspace', name)).rejects.toThrow(
        satisfying(refusedWith('platform:status:BadRequest')),
      )
  })

  test('ACC-81: the name of a workspace is in any script, and different names have different ids', async () => {
    const { call, signUp } = accountsOf(await testServer(builtin))
    const ann = await signUp('ann')
    const idOf = async (name: string) =>
      ((await call(ann, 'createWorkspace', name)) as { workspaceId: string }).workspaceId
    expect(await idOf('Café Zürich')).toBe('cafe-zurich')
    const ids = []
    for (const name of ['Команда 7', 'Группа 7', '東京', 'ทีม', '🚀', 'a'.repeat(100), 'a'.repeat(101)])
      ids.push(await idOf(name))
    for (const id of ids) expect(id).toMatch(/^[a-z0-9][a-z0-9-]{0,62}$/)
    expect(new Set(ids).size).toBe(ids.length)
    await expect(call(ann, 'createWorkspace', 'КОМАНДА 7!')).rejects.toThrow(
      satisfying(refusedWith('platform:status:WorkspaceExists')),
    )
    await call(ann, 'selectWorkspace', ids[2])
  })

  test('ACC-12: getWorkspaceInfo tells members about the workspace and their role, and records the visit', async () => {
    const server = accountsOf(await testServer({ ...builtin, modelVersion: '1.2.3' }))
    const { call, signUp, token } = server
    await call(await signUp('ann'), 'createWorkspace', 'team')
    const ann = token('ann', 'team')
    const before = (await call(ann, 'getWorkspaceInfo', false)) as Record<string, unknown>
    const { createdOn, ...info } = before
    expect(info).toStrictEqual({
      workspaceId: 'team',
      workspaceUrl: 'team',
      workspaceName: 'team',
      productId: '',
      version: { major: 1, minor: 2, patch: 3 },
      disabled: false,
      creating: false,
      createdBy: 'core:account:System',
      lastVisit: 0,
      role: 'OWNER',
    })
    expect(typeof createdOn).toBe('number')
    await call(ann, 'getWorkspaceInfo', true)
    await waitUntil(async () => {
      const { lastVisit } = (await call(ann, 'getWorkspaceInfo')) as { lastVisit: number }
      return Math.abs(systemClock.now() - lastVisit) < 60_000
    }, 'the visit is noted')
  })

  test('ACC-13: listWorkspaces lists the caller’s own workspaces, and all of them for administrators', async () => {
    const { call, signUp, admin } = accountsOf(await testServer(builtin))
    const [ann, bob] = [await signUp('ann'), await signUp('bob')]
    for (const [token, name] of [
      [ann, 'one'],
      [ann, 'two'],
      [bob, 'three'],
    ])
      await call(token, 'createWorkspace', name)
    const ids = async (token: string) =>
      ((await call(token, 'listWorkspaces')) as { workspaceId: string }[])
        .map(({ workspaceId }) => workspaceId)
        .sort()
    expect(await ids(ann)).toStrictEqual(['one', 'two'])
    expect(await ids(bob)).toStrictEqual(['three'])
    expect(await ids(admin)).toStrictEqual(['one', 'three', 'two'])
  })

  test('ACC-14: an account that is no member is refused by the service and by the server, until it is assigned', async () => {
    const { call, signUp, token, url: _, server } = accountsOf(await testServer(builtin))
    const endpoint = server.url.replace('http', 'ws')
    const [ann, bob] = [await signUp('ann'), await signUp('bob')]
    await call(ann, 'createWorkspace', 'team')
    await expect(call(bob, 'selectWorkspace', 'team')).rejects.toThrow(satisfying(forbidden))
    await expect(call(token('bob', 'team'), 'getWorkspaceInfo')).rejects.toThrow(satisfying(forbidden))
    const refused = new RawClient(endpoint, token('bob', 'team'))
    const refusal = await refused.wait(({ id }) => id === -1)
    expect([refusal.error?.code, refusal['terminate']]).toStrictEqual(['platform:status:Forbidden', true])
    expect((await refused.waitForClose()).code).toBe(4202)
    expect(await call(ann, 'assignWorkspace', 'bob', 'team', 'GUEST')).toStrictEqual({
      email: 'bob',
      workspaceId: 'team',
      role: 'GUEST',
    })
    const { token: entry } = (await call(bob, 'selectWorkspace', 'team')) as Selected
    const client = await RawClient.open(endpoint, entry)
    expect(((await client.request('getAccount')) as { role: string }).role).toBe('GUEST')
  })

  test('ACC-15: owners and maintainers assign members, but no role above their own, and none to a member above them', async () => {
    const { call, signUp, admin } = accountsOf(await testServer(builtin))
    const [ann, bob, eve] = [await signUp('ann'), await signUp('bob'), await signUp('eve')]
    await call(ann, 'createWorkspace', 'team')
    const assign = async (token: string, email: string, role?: string) =>
      await call(token, 'assignWorkspace', email, 'team', ...(role === undefined ? [] : [role]))
    await expect(assign(bob, 'bob', 'OWNER')).rejects.toThrow(satisfying(forbidden))
    await assign(ann, 'bob', 'MAINTAINER')
    expect(await assign(bob, 'eve')).toStrictEqual({ email: 'eve', workspaceId: 'team', role: 'USER' })
    await expect(assign(eve, 'eve', 'OWNER')).rejects.toThrow(satisfying(forbidden))
    await expect(assign(bob, 'bob', 'OWNER')).rejects.toThrow(satisfying(forbidden))
    await expect(assign(bob, 'ann', 'USER')).rejects.toThrow(satisfying(forbidden))
    await expect(assign(ann, 'eve', 'KING')).rejects.toThrow(
      satisfying(refusedWith('platform:status:BadRequest')),
    )
    await expect(assign(ann, 'nobody')).rejects.toThrow(
      satisfying(refusedWith('platform:status:AccountNotFound')),
    )
    expect(await assign(admin, 'eve', 'OWNER')).toStrictEqual({
      email: 'eve',
      workspaceId: 'team',
      role: 'OWNER',
    })
  })

  test('ACC-16: only administrators and upgrade tools change a workspace, and their changes decide who enters', async () => {
    const server = accountsOf(await testServer(builtin))
    const { call, signUp, admin, token, server: running } = server
    const endpoint = running.url.replace('http', 'ws')
    const ann = await signUp('ann')
    await call(ann, 'createWorkspace', 'team')
    await call(ann, 'createWorkspace', 'other')
    await expect(call(token('ann', 'team'), 'updateWorkspace', 'team', { disabled: true })).rejects.toThrow(
      satisfying(forbidden),
    )
    const tool = token('tool', 'team', { model: 'upgrade' })
    await expect(call(tool, 'updateWorkspace', 'other', { disabled: true })).rejects.toThrow(
      satisfying(forbidden),
    )
    await expect(call(admin, 'updateWorkspace', 'team', { name: 'x' })).rejects.toThrow(
      satisfying(refusedWith('platform:status:BadRequest')),
    )
    const upgrade = { toProcess: 1, total: 2, elapsed: 3, eta: 4 }
    await call(tool, 'updateWorkspace', 'team', { version: { major: 9, minor: 0, patch: 0 }, upgrade })
    const early = new RawClient(endpoint, token('ann', 'team'))
    const { result } = await early.wait(({ id }) => id === -1)
    expect(result).toStrictEqual({ state: 'upgrading', stats: upgrade })
    await early.waitForClose()
    await call(admin, 'updateWorkspace', 'other', { disabled: true })
    const shut = new RawClient(endpoint, token('ann', 'other'))
    expect((await shut.wait(({ id }) => id === -1)).error?.code).toBe('platform:status:WorkspaceDisabled')
  })

  test('ACC-17: a workspace that does not exist is reported as such, over HTTP and by the server', async () => {
    const { call, admin, token, server } = accountsOf(await testServer(builtin))
    const unknown = refusedWith('platform:status:WorkspaceNotFound')
    await expect(call(admin, 'selectWorkspace', 'nope')).rejects.toThrow(satisfying(unknown))
    await expect(call(admin, 'updateWorkspace', 'constructor', {})).rejects.toThrow(satisfying(unknown))
    const client = new RawClient(server.url.replace('http', 'ws'), token('ann', 'nope'))
    const refusal = await client.wait(({ id }) => id === -1)
    expect([refusal.error?.code, refusal['terminate']]).toStrictEqual([
      'platform:status:WorkspaceNotFound',
      true,
    ])
  })
})
