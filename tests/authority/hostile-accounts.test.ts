import { expect, test } from '@jest/globals'
import { refusedWith, team } from '../support/accounts-calls.ts'
import { createTask } from '../support/transactions.ts'
import { create, inEachSetting, Member, peopledWorld } from './members.ts'
import { satisfying } from '../support/expecting.ts'

const forbidden = 'platform:status:Forbidden'
const inModel = { space: 'core:space:Model' }

await inEachSetting(({ name, encoding, flags }) => {
  test(`AUTH-20: a member that the accounts service makes a guest is a guest in open sessions (${name})`, async () => {
    const server = await team({ max: 'MAINTAINER' }, flags())
    const max = await Member.enter({ ...server, url: server.endpoint }, 'max', encoding, 'team')
    const task = (id: string) => createTask(id, { title: 'x' }, { space: 'open' })
    expect(await max.tries(task('t1'))).toStrictEqual({})
    await server.call(server.ann, 'assignWorkspace', 'max', 'team', 'GUEST')
    expect(await max.tries(task('t2'))).toBe(forbidden)
    await server.call(server.ann, 'assignWorkspace', 'max', 'team', 'USER')
    expect(await max.tries(task('t3'))).toStrictEqual({})
    expect(await max.tries(create('x', 'core:class:Configuration', { enabled: true }, inModel))).toBe(
      forbidden,
    )
  })

  test(`AUTH-21: a token of a workspace cannot be exchanged for another workspace, and an unregistered account creates none (${name})`, async () => {
    const { call, ann, token } = await team({}, flags())
    await call(ann, 'createWorkspace', 'second')
    const inside = token('ann', 'team')
    await expect(call(inside, 'selectWorkspace', 'second')).rejects.toThrow(
      satisfying(refusedWith(forbidden)),
    )
    await expect(call(inside, 'createWorkspace', 'third')).rejects.toThrow(satisfying(refusedWith(forbidden)))
    await expect(call(token('nobody', ''), 'createWorkspace', 'theirs')).rejects.toThrow(
      satisfying(refusedWith('platform:status:AccountNotFound')),
    )
    const before = (await call(ann, 'selectWorkspace', 'second')) as { workspaceId: string }
    expect(before.workspaceId).toBe('second')
  })
})

test('AUTH-22: with ATRIUM_MODEL_CHANGES=nobody owners and maintainers change no classes', async () => {
  const { olga, max, root } = await peopledWorld('json', { modelChanges: 'nobody' })
  const declared = { kind: 0, label: 'x', extends: 'core:class:Doc', domain: 'order' }
  const order = create('shop:class:Order', 'core:class:Class', declared, inModel)
  for (const member of [olga, max]) expect(await member.tries(order)).toBe(forbidden)
  expect(await root.tries(order)).toStrictEqual({})
})
