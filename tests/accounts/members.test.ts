import { describe, expect, test } from '@jest/globals'
import { refusedWith, team } from '../support/accounts-calls.ts'
import { createTask } from '../support/transactions.ts'
import { expectFor, satisfying } from '../support/expecting.ts'

const forbidden = refusedWith('platform:status:Forbidden')
const unknown = refusedWith('platform:status:AccountNotFound')

interface Documents extends Array<Record<string, unknown>> {}

describe('members of a workspace', () => {
  test('ACC-42: the last owner of a workspace is neither removed nor demoted, whoever calls', async () => {
    const { call, ann, admin, token } = await team({ bob: 'USER' })
    for (const by of [ann, admin, token('system', '')]) {
      await expect(call(by, 'assignWorkspace', 'ann', 'team', 'USER')).rejects.toThrow(satisfying(forbidden))
      await expect(call(by, 'assignWorkspace', 'ANN', 'team')).rejects.toThrow(satisfying(forbidden))
      await expect(call(by, 'removeMember', 'ann', 'team')).rejects.toThrow(satisfying(forbidden))
    }
    await call(ann, 'assignWorkspace', 'bob', 'team', 'OWNER')
    await call(ann, 'removeMember', 'ann', 'team')
    await expect(call(admin, 'removeMember', 'bob', 'team')).rejects.toThrow(satisfying(forbidden))
  })

  test('ACC-42: of owners that remove each other concurrently, one stays', async () => {
    const names = ['bob', 'eve', 'carl', 'dora']
    const owners = Object.fromEntries(names.map((name) => [name, 'OWNER']))
    const { call, token } = await team(owners)
    const everybody = ['ann', ...names]
    const attempts = everybody.flatMap((by, at) => {
      const next = everybody[(at + 1) % everybody.length]
      return [
        call(token(by, ''), 'assignWorkspace', next, 'team', 'USER'),
        call(token(by, ''), 'removeMember', by, 'team'),
      ]
    })
    await Promise.allSettled(attempts)
    const roles = await Promise.all(
      everybody.map(async (name) => {
        const info = call(token(name, 'team'), 'getWorkspaceInfo').catch(() => ({ role: undefined }))
        return ((await info) as { role?: string }).role
      }),
    )
    expectFor(
      JSON.stringify(roles),
      roles.filter((role) => role === 'OWNER'),
    ).toHaveLength(1)
  })

  test('ACC-43: owners and maintainers remove members that are not above them, members themselves, and others nobody', async () => {
    const members = { mia: 'MAINTAINER', max: 'MAINTAINER', uma: 'USER', udo: 'USER', gus: 'GUEST' }
    const { call, admin, signUp, token } = await team(members)
    await signUp('eve')
    const remove = async (by: string, email: string) =>
      await call(token(by, ''), 'removeMember', email, 'team')
    for (const [by, email] of [
      ['mia', 'ann'],
      ['uma', 'udo'],
      ['uma', 'gus'],
      ['gus', 'uma'],
      ['eve', 'gus'],
      ['eve', 'nobody'],
    ] as const)
      await expectFor(`${by} removes ${email}`, remove(by, email)).rejects.toThrow(satisfying(forbidden))
    await expect(remove('eve', 'eve')).rejects.toThrow(satisfying(unknown))
    await expect(remove('ann', 'eve')).rejects.toThrow(satisfying(unknown))
    await expect(call(admin, 'removeMember', 'eve', 'nope')).rejects.toThrow(
      satisfying(refusedWith('platform:status:WorkspaceNotFound')),
    )
    for (const params of [[], ['ann'], [7, 'team'], ['', 'team'], ['ann', 'team', 'USER']])
      await expect(call(admin, 'removeMember', ...params)).rejects.toThrow(
        satisfying(refusedWith('platform:status:BadRequest')),
      )
    expect(await remove('uma', 'uma')).toStrictEqual({ email: 'uma', workspaceId: 'team' })
    expect(await remove('gus', 'gus')).toStrictEqual({ email: 'gus', workspaceId: 'team' })
    await remove('mia', 'udo')
    await remove('mia', 'max')
    await remove('ann', 'mia')
    await expect(remove('mia', 'mia')).rejects.toThrow(satisfying(unknown))
    expect(await call(token('mia', ''), 'listWorkspaces')).toStrictEqual([])
  })

  test('ACC-44: a removed member is closed with 4204, is not admitted, and keeps an account with the role guest', async () => {
    const server = await team({ bob: 'MAINTAINER' }, { accountsCache: '3600000' })
    const { call, ann, token, enter, refusal } = server
    const by = token('bob', 'team')
    const [owner, bob, twice] = [await enter('ann'), await enter('bob', by), await enter('bob', by)]
    const admin = await enter('bob', token('bob', 'team', { admin: 'true' }))
    await bob.request('tx', [createTask('t1', { title: 'x' }, { by: 'account:bob' })])
    await call(ann, 'removeMember', 'BOB', 'team')
    for (const session of [bob, twice]) {
      const { code, reason } = await session.waitForClose()
      expect([code, reason]).toStrictEqual([4204, 'no longer a member'])
    }
    const { frame, code } = await refusal(by)
    expect([frame.error?.code, frame['terminate'], code]).toStrictEqual([
      'platform:status:Forbidden',
      true,
      4202,
    ])
    await expect(call(token('bob', ''), 'selectWorkspace', 'team')).rejects.toThrow(satisfying(forbidden))
    const accounts = (await owner.request('findAll', ['core:class:Account', { email: 'bob' }])) as Documents
    expect(accounts.map(({ _id, role }) => [_id, role])).toStrictEqual([['account:bob', 'GUEST']])
    const tasks = (await owner.request('findAll', ['board:class:Task', {}])) as Documents
    expect(tasks[0]?.['modifiedBy']).toBe('account:bob')
    // Administrators enter without a membership.
    expect(await admin.request('ping')).toBe('pong!')
    expect(owner.closed).toBeUndefined()
    await call(ann, 'assignWorkspace', 'bob', 'team')
    expect(((await (await enter('bob', by)).request('getAccount')) as { role: string }).role).toBe('USER')
  })

  test('ACC-44: a member who is removed while the workspace has no sessions is a guest in it', async () => {
    const server = await team({ bob: 'OWNER' }, { idleTimeout: '0', storage: 'embedded' })
    const { call, ann, enter, server: running } = server
    const bob = await enter('bob')
    await bob.close()
    await call(ann, 'removeMember', 'bob', 'team')
    const owner = await enter('ann')
    const accounts = (await owner.request('findAll', ['core:class:Account', { email: 'bob' }])) as Documents
    expect(accounts.map(({ role }) => role)).toStrictEqual(['GUEST'])
    expect(running.inspect().workspaces).toBe(1)
  })
})
