import { describe, expect, test } from '@jest/globals'
import type { Account } from '../../model/documents.ts'
import { AccessEnforcer } from '../../server/sessions/access-enforcer.ts'
import type { AccountsClient, WorkspaceInfo } from '../../server/accounts/accounts-client.ts'
import { team } from '../support/accounts-calls.ts'
import { MemoryCore } from '../support/memory-core.ts'
import { RawClient, RawError } from '../support/raw-client.ts'
import { scriptedAccounts } from '../support/scripted-accounts.ts'
import { testServer } from '../support/test-server.ts'
import { change, createTask } from '../support/transactions.ts'
import { expectFor, satisfying } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const forbidden = (error: unknown) => error instanceof RawError && error.code === 'platform:status:Forbidden'
const roleOf = async (client: RawClient) => ((await client.request('getAccount')) as { role: string }).role

describe('roles in open sessions', () => {
  test('ACC-40: an assigned role applies in open sessions from their next transaction, and is announced to everyone', async () => {
    const { call, ann, enter } = await team({ bob: 'MAINTAINER' })
    const [owner, bob] = [await enter('ann'), await enter('bob')]
    const write = async (id: string) =>
      await bob.request('tx', [createTask(id, { title: 'x' }, { by: 'account:bob' })])
    expect(await write('t1')).toStrictEqual({})
    await call(ann, 'assignWorkspace', 'bob', 'team', 'GUEST')
    await expect(write('t2')).rejects.toThrow(satisfying(forbidden))
    expect(await roleOf(bob)).toBe('GUEST')
    const push = await owner.waitForPush(({ operations }) => operations !== undefined)
    const { objectId, operations, modifiedBy } = push
    expect([objectId, operations, modifiedBy]).toStrictEqual([
      'account:bob',
      { role: 'GUEST' },
      'core:account:System',
    ])
    await call(ann, 'assignWorkspace', 'bob', 'team', 'USER')
    expect(await write('t3')).toStrictEqual({})
    expect(bob.closed).toBeUndefined()
  })

  test('ACC-40: an assigned role applies to an account that reconnects with a cached response for its token', async () => {
    const cached = { accountsCache: '3600000' }
    const { call, ann, enter, token } = await team({ bob: 'MAINTAINER' }, cached)
    const owner = await enter('ann')
    const by = token('bob', 'team')
    const bob = await enter('bob', by)
    await bob.close()
    await call(ann, 'assignWorkspace', 'bob', 'team', 'GUEST')
    expect(await roleOf(await enter('bob', by))).toBe('GUEST')
    expect(owner.closed).toBeUndefined()
  })

  test('ACC-40: of concurrently assigned roles, the one of the membership applies in the workspace', async () => {
    const { call, admin, enter, token } = await team({ bob: 'USER' })
    const bob = await enter('bob')
    for (let round = 0; round < 5; round++) {
      const roles = ['GUEST', 'USER', 'MAINTAINER', 'OWNER', 'GUEST', 'USER']
      await Promise.all(roles.map(async (role) => await call(admin, 'assignWorkspace', 'bob', 'team', role)))
      const { role } = (await call(token('bob', 'team'), 'getWorkspaceInfo')) as { role: string }
      expect(await roleOf(bob)).toBe(role)
    }
  })

  test('ACC-41: an entering account gets the role that the accounts service returns, also when that is another server', async () => {
    let role = 'OWNER'
    const accounts = await scriptedAccounts(() => ({ result: { workspaceId: 'w1', role } }))
    const { url, token } = await testServer({ accounts: accounts.url, accountsCache: '0' })
    for (const next of ['OWNER', 'GUEST', 'USER', 'GUEST']) {
      role = next
      const client = await RawClient.open(url, token('ann'))
      expect(await roleOf(client)).toBe(next)
      await client.close()
    }
  })

  test('ACC-41: without an accounts service a role is only the initial role of a new account', async () => {
    const { url, token } = await testServer()
    const system = await RawClient.open(url, token('system'))
    const first = await RawClient.open(url, token('ann'))
    expect(await roleOf(first)).toBe('USER')
    const operations = { role: 'GUEST' }
    const options = { by: 'core:account:System', space: 'core:space:Model' }
    const demotion = change('core:class:TxUpdateDoc', 'account:ann', 'core:class:Account', options, {
      operations,
    })
    await system.request('tx', [demotion])
    expect(await roleOf(first)).toBe('GUEST')
    await first.close()
    expect(await roleOf(await RawClient.open(url, token('ann')))).toBe('GUEST')
    const admin = await RawClient.open(url, token('ann', 'w1', { admin: 'true' }))
    expect(await roleOf(admin)).toBe('GUEST')
  })

  /** Sessions of a server whose accounts service responds when the test says so. */
  function heldAccounts() {
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
    onTestEnd(async () => await memory.stop())
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

  /** An owner that enters, so many turns after the accounts service returned the role. */
  async function entering(turns: number) {
    const held = heldAccounts()
    const client = held.memory.connect({ email: 'ann', workspace: 'w1' })
    await held.memory.settle()
    held.asked[0]?.({ workspaceId: 'w1', role: 'OWNER' })
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    return { ...held, client }
  }

  test('ACC-45: a role change while a session enters wins over the earlier response, at any moment', async () => {
    for (let turns = 0; turns < 60; turns++) {
      const { memory, asked, enforcer, roleOf, client } = await entering(turns)
      const told = enforcer.roleChanged('w1', 'ann', 'GUEST')
      await memory.settle()
      asked[1]?.({ workspaceId: 'w1', role: 'GUEST' })
      await told
      await memory.settle()
      expectFor(`after ${turns} turns`, await roleOf('ann')).toBe('GUEST')
      expect(client.closed).toBeUndefined()
      client.drop()
    }
  })

  test('ACC-45: a removal while a session enters closes the session and leaves no role, at any moment', async () => {
    for (let turns = 0; turns < 60; turns++) {
      const { memory, enforcer, roleOf, client } = await entering(turns)
      await enforcer.memberRemoved('w1', 'ann')
      await memory.settle()
      expectFor(`after ${turns} turns`, client.closed?.code).toBe(4204)
      expect(memory.core.inspect().sessions).toBe(0)
      expectFor(`after ${turns} turns`, [undefined, 'GUEST']).toContain(await roleOf('ann'))
    }
  })
})
