import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusedWith, team } from '../support/accounts-calls.ts'
import { createTask } from '../support/transactions.ts'
import { create, inEachSetting, Member, peopledWorld } from './members.ts'

const forbidden = 'platform:status:Forbidden'
const inModel = { space: 'core:space:Model' }

await inEachSetting(({ name, encoding, flags }) => {
  test(`AUTH-20: a member who is made a guest by the accounts service is one in open sessions (${name})`, async (context) => {
    const server = await team(context, { max: 'MAINTAINER' }, flags(context))
    const max = await Member.enter({ ...server, url: server.endpoint }, 'max', encoding, 'team')
    const task = (id: string) => createTask(id, { title: 'x' }, { space: 'open' })
    assert.deepEqual(await max.tries(task('t1')), {})
    await server.call(server.ann, 'assignWorkspace', 'max', 'team', 'GUEST')
    assert.equal(await max.tries(task('t2')), forbidden)
    await server.call(server.ann, 'assignWorkspace', 'max', 'team', 'USER')
    assert.deepEqual(await max.tries(task('t3')), {})
    assert.equal(
      await max.tries(create('x', 'core:class:Configuration', { enabled: true }, inModel)),
      forbidden,
    )
  })

  test(`AUTH-21: a token of a workspace gives none for another, and no workspace is made by who is not registered (${name})`, async (context) => {
    const { call, ann, token } = await team(context, {}, flags(context))
    await call(ann, 'createWorkspace', 'second')
    const inside = token('ann', 'team')
    await assert.rejects(call(inside, 'selectWorkspace', 'second'), refusedWith(forbidden))
    await assert.rejects(call(inside, 'createWorkspace', 'third'), refusedWith(forbidden))
    await assert.rejects(
      call(token('nobody', ''), 'createWorkspace', 'theirs'),
      refusedWith('platform:status:AccountNotFound'),
    )
    const before = (await call(ann, 'selectWorkspace', 'second')) as { workspaceId: string }
    assert.equal(before.workspaceId, 'second')
  })
})

test('AUTH-22: with ATRIUM_MODEL_CHANGES=nobody owners and maintainers change no classes either', async (context) => {
  const { olga, max, root } = await peopledWorld(context, 'json', { modelChanges: 'nobody' })
  const declared = { kind: 0, label: 'x', extends: 'core:class:Doc', domain: 'order' }
  const order = create('shop:class:Order', 'core:class:Class', declared, inModel)
  for (const member of [olga, max]) assert.equal(await member.tries(order), forbidden)
  assert.deepEqual(await root.tries(order), {})
})
