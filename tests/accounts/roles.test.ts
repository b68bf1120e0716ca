import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Account } from '../../model/documents.ts'
import { AccessEnforcer } from '../../server/sessions/access-enforcer.ts'
import type { AccountsClient, WorkspaceInfo } from '../../server/accounts/accounts-client.ts'
import { team } from '../support/accounts-calls.ts'
import { MemoryCore } from '../support/memory-core.ts'
import { RawClient, RawError } from '../support/raw-client.ts'
import { scriptedAccounts } from '../support/scripted-accounts.ts'
import { testServer } from '../support/test-server.ts'
import { change, createTask } from '../support/transactions.ts'

const forbidden = (error: unknown) => error instanceof RawError && error.code === 'platform:status:Forbidden'
const roleOf = async (client: RawClient) => ((await client.request('getAccount')) as { role: string }).role

test('ACC-40: a role that is assigned holds in open sessions for their next transaction, and everyone is told', async (context) => {
  const { call, ann, enter } = await team(context, { bob: 'MAINTAINER' })
  const [owner, bob] = [await enter('ann'), await enter('bob')]
  const write = async (id: string) =>
    await bob.request('tx', [createTask(id, { title: 'x' }, { by: 'account:bob' })])
  assert.deepEqual(await write('t1'), {})
  await call(ann, 'assignWorkspace', 'bob', 'team', 'GUEST')
  await assert.rejects(write('t2'), forbidden)
  assert.equal(await roleOf(bob), 'GUEST')
  const push = await owner.waitForPush(({ operations }) => operations !== undefined)
  const { objectId, operations, modifiedBy } = push
  assert.deepEqual(
    [objectId, operations, modifiedBy],
    ['account:bob', { role: 'GUEST' }, 'core:account:System'],
  )
  await call(ann, 'assignWorkspace', 'bob', 'team', 'USER')
  assert.deepEqual(await write('t3'), {})
  assert.equal(bob.closed, undefined)
})

test('ACC-40: a role that is assigned holds for somebody who comes back with what was known of the token', async (context) => {
  const cached = { accountsCache: '3600000' }
  const { call, ann, enter, token } = await team(context, { bob: 'MAINTAINER' }, cached)
  const owner = await enter('ann')
  const by = token('bob', 'team')
  const bob = await enter('bob', by)
  await bob.close()
  await call(ann, 'assignWorkspace', 'bob', 'team', 'GUEST')
  assert.equal(await roleOf(await enter('bob', by)), 'GUEST')
  assert.equal(owner.closed, undefined)
})

test('ACC-40: of roles that are assigned at once, the one that members have is the one that holds inside', async (context) => {
  const { call, admin, enter, token } = await team(context, { bob: 'USER' })
  const bob = await enter('bob')
  for (let round = 0; round < 5; round++) {
    const roles = ['GUEST', 'USER', 'MAINTAINER', 'OWNER', 'GUEST', 'USER']
    await Promise.all(roles.map(async (role) => await call(admin, 'assignWorkspace', 'bob', 'team', role)))
    const { role } = (await call(token('bob', 'team'), 'getWorkspaceInfo')) as { role: string }
    assert.equal(await roleOf(bob), role)
  }
})

test('ACC-41: who enters gets the role that the accounts service tells, also when that is another server', async (context) => {
  let role = 'OWNER'
  const accounts = await scriptedAccounts(context, () => ({ result: { workspaceId: 'w1', role } }))
  const { url, token } = await testServer(context, { accounts: accounts.url, accountsCache: '0' })
  for (const next of ['OWNER', 'GUEST', 'USER', 'GUEST']) {
    role = next
    const client = await RawClient.open(url, token('ann'))
    assert.equal(await roleOf(client), next)
    await client.close()
  }
})

test('ACC-41: without an accounts service a role is only what an account begins with', async (context) => {
  const { url, token } = await testServer(context)
  const system = await RawClient.open(url, token('system'))
  const first = await RawClient.open(url, token('ann'))
  assert.equal(await roleOf(first), 'USER')
  const operations = { role: 'GUEST' }
  const options = { by: 'core:account:System', space: 'core:space:Model' }
  const demotion = change('core:class:TxUpdateDoc', 'account:ann', 'core:class:Account', options, {
    operations,
  })
  await system.request('tx', [demotion])
  assert.equal(await roleOf(first), 'GUEST')
  await first.close()
  assert.equal(await roleOf(await RawClient.open(url, token('ann'))), 'GUEST')
  const admin = await RawClient.open(url, token('ann', 'w1', { admin: 'true' }))
  assert.equal(await roleOf(admin), 'GUEST')
})

/** Sessions of a server whose accounts service answers when the test says so. */
function heldAccounts(context: { after: (end: () => Promise<void>) => void }) {
  const asked: ((answer: WorkspaceInfo | Error) => void)[] = []
  const accounts: AccountsClient = {
    getWorkspaceInfo: async () =>
      await new Promise((resolve, reject) =>
        asked.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer))),
      ),
    forget: () => undefined,
    forgetPerson: () => undefined,
  }
  const memory = new MemoryCore({}, { accounts })
  context.after(async () => await memory.stop())
  const { registry, sessions, admission } = memory.core
  const enforcer = new AccessEnforcer({ registry, sessions, admission, accounts, logger: memory.log })
  const roleOf = async (person: string) => {
    const host = await registry.arrive('w1')
    try {
      return ((await host.pipeline(false)).model.accountOf(person) as Account | undefined)?.role
    } finally {
      host.leave()
    }
  }
  return { memory, asked, enforcer, roleOf }
}

/** An owner who enters: so many turns ago the accounts told of the role. */
async function entering(context: Parameters<typeof heldAccounts>[0], turns: number) {
  const held = heldAccounts(context)
  const client = held.memory.connect({ email: 'ann', workspace: 'w1' })
  await held.memory.settle()
  held.asked[0]?.({ workspaceId: 'w1', role: 'OWNER' })
  for (let turn = 0; turn < turns; turn++) await Promise.resolve()
  return { ...held, client }
}

test('ACC-45: a role that changes while somebody enters wins over what was told before, whenever it comes', async (context) => {
  for (let turns = 0; turns < 60; turns++) {
    const { memory, asked, enforcer, roleOf, client } = await entering(context, turns)
    const told = enforcer.roleChanged('w1', 'ann', 'GUEST')
    await memory.settle()
    asked[1]?.({ workspaceId: 'w1', role: 'GUEST' })
    await told
    await memory.settle()
    assert.equal(await roleOf('ann'), 'GUEST', `after ${turns} turns`)
    assert.equal(client.closed, undefined)
    client.drop()
  }
})

test('ACC-45: a removal that comes while somebody enters closes the session, and leaves no role, whenever it comes', async (context) => {
  for (let turns = 0; turns < 60; turns++) {
    const { memory, enforcer, roleOf, client } = await entering(context, turns)
    await enforcer.memberRemoved('w1', 'ann')
    await memory.settle()
    assert.equal(client.closed?.code, 4204, `after ${turns} turns`)
    assert.equal(memory.core.inspect().sessions, 0)
    assert.ok([undefined, 'GUEST'].includes(await roleOf('ann')), `after ${turns} turns`)
  }
})
