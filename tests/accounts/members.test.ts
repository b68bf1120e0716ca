import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusedWith, team } from '../support/accounts-calls.ts'
import { createTask } from '../support/transactions.ts'

const forbidden = refusedWith('platform:status:Forbidden')
const unknown = refusedWith('platform:status:AccountNotFound')

interface Documents extends Array<Record<string, unknown>> {}

test('ACC-42: the last owner of a workspace is neither removed nor made less, whoever asks', async (context) => {
  const { call, ann, admin, token } = await team(context, { bob: 'USER' })
  for (const by of [ann, admin, token('system', '')]) {
    await assert.rejects(call(by, 'assignWorkspace', 'ann', 'team', 'USER'), forbidden)
    await assert.rejects(call(by, 'assignWorkspace', 'ANN', 'team'), forbidden)
    await assert.rejects(call(by, 'removeMember', 'ann', 'team'), forbidden)
  }
  await call(ann, 'assignWorkspace', 'bob', 'team', 'OWNER')
  await call(ann, 'removeMember', 'ann', 'team')
  await assert.rejects(call(admin, 'removeMember', 'bob', 'team'), forbidden)
})

test('ACC-42: of owners who dismiss each other at once one stays', async (context) => {
  const names = ['bob', 'eve', 'carl', 'dora']
  const owners = Object.fromEntries(names.map((name) => [name, 'OWNER']))
  const { call, token } = await team(context, owners)
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
  assert.equal(roles.filter((role) => role === 'OWNER').length, 1, JSON.stringify(roles))
})

test('ACC-43: owners and maintainers remove who is not above them, members themselves, strangers nobody', async (context) => {
  const members = { mia: 'MAINTAINER', max: 'MAINTAINER', uma: 'USER', udo: 'USER', gus: 'GUEST' }
  const { call, admin, signUp, token } = await team(context, members)
  await signUp('eve')
  const remove = async (by: string, email: string) => await call(token(by, ''), 'removeMember', email, 'team')
  for (const [by, email] of [
    ['mia', 'ann'],
    ['uma', 'udo'],
    ['uma', 'gus'],
    ['gus', 'uma'],
    ['eve', 'gus'],
    ['eve', 'nobody'],
  ] as const)
    await assert.rejects(remove(by, email), forbidden, `${by} removes ${email}`)
  await assert.rejects(remove('eve', 'eve'), unknown)
  await assert.rejects(remove('ann', 'eve'), unknown)
  await assert.rejects(
    call(admin, 'removeMember', 'eve', 'nope'),
    refusedWith('platform:status:WorkspaceNotFound'),
  )
  for (const params of [[], ['ann'], [7, 'team'], ['', 'team'], ['ann', 'team', 'USER']])
    await assert.rejects(call(admin, 'removeMember', ...params), refusedWith('platform:status:BadRequest'))
  assert.deepEqual(await remove('uma', 'uma'), { email: 'uma', workspaceId: 'team' })
  assert.deepEqual(await remove('gus', 'gus'), { email: 'gus', workspaceId: 'team' })
  await remove('mia', 'udo')
  await remove('mia', 'max')
  await remove('ann', 'mia')
  await assert.rejects(remove('mia', 'mia'), unknown)
  assert.deepEqual(await call(token('mia', ''), 'listWorkspaces'), [])
})

test('ACC-44: who is removed is put out with 4204, stays out, and is a guest in what stays of the account', async (context) => {
  const server = await team(context, { bob: 'MAINTAINER' }, { accountsCache: '3600000' })
  const { call, ann, token, enter, refusal } = server
  const by = token('bob', 'team')
  const [owner, bob, twice] = [await enter('ann'), await enter('bob', by), await enter('bob', by)]
  const admin = await enter('bob', token('bob', 'team', { admin: 'true' }))
  await bob.request('tx', [createTask('t1', { title: 'x' }, { by: 'account:bob' })])
  await call(ann, 'removeMember', 'BOB', 'team')
  for (const session of [bob, twice]) {
    const { code, reason } = await session.waitForClose()
    assert.deepEqual([code, reason], [4204, 'no longer a member'])
  }
  const { frame, code } = await refusal(by)
  assert.deepEqual([frame.error?.code, frame['terminate'], code], ['platform:status:Forbidden', true, 4202])
  await assert.rejects(call(token('bob', ''), 'selectWorkspace', 'team'), forbidden)
  const accounts = (await owner.request('findAll', ['core:class:Account', { email: 'bob' }])) as Documents
  assert.deepEqual(
    accounts.map(({ _id, role }) => [_id, role]),
    [['account:bob', 'GUEST']],
  )
  const tasks = (await owner.request('findAll', ['board:class:Task', {}])) as Documents
  assert.equal(tasks[0]?.['modifiedBy'], 'account:bob')
  // Administrators come in without being members.
  assert.equal(await admin.request('ping'), 'pong!')
  assert.equal(owner.closed, undefined)
  await call(ann, 'assignWorkspace', 'bob', 'team')
  assert.equal(((await (await enter('bob', by)).request('getAccount')) as { role: string }).role, 'USER')
})

test('ACC-44: who is removed while nobody is in the workspace is a guest in it too', async (context) => {
  const server = await team(context, { bob: 'OWNER' }, { idleTimeout: '0', storage: 'embedded' })
  const { call, ann, enter, server: running } = server
  const bob = await enter('bob')
  await bob.close()
  await call(ann, 'removeMember', 'bob', 'team')
  const owner = await enter('ann')
  const accounts = (await owner.request('findAll', ['core:class:Account', { email: 'bob' }])) as Documents
  assert.deepEqual(
    accounts.map(({ role }) => role),
    ['GUEST'],
  )
  assert.equal(running.inspect().workspaces, 1)
})
