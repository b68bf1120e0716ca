import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveConfiguration } from '../../server/configuration/configuration.ts'
import { refusedWith, team } from '../support/accounts-calls.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'

const ops = 'Ops@atrium.example'
const flags = { systemEmails: `${ops}, second@atrium.example` }
const password = 'correct horse battery'

for (const binary of [false, true])
  test(`ACC-65: a tool signs in as an address of the option, and is the system, binary: ${binary}`, async (context) => {
    const { url, token } = await testServer(context, flags)
    for (const email of [ops, 'second@atrium.example', 'system']) {
      const client = await RawClient.open(url, token(email), { binary, protocol: 2 })
      const id = `by ${email}`
      const tx = { ...createTask(id, { title: 'x' }, { by: 'core:account:System' }), modifiedOn: 42 }
      assert.deepEqual(await client.request('tx', [tx]), {})
      const [task] = (await client.request('findAll', ['board:class:Task', { _id: id }])) as {
        modifiedOn: number
        modifiedBy: string
      }[]
      assert.deepEqual([task?.modifiedOn, task?.modifiedBy], [42, 'core:account:System'])
      const accounts = (await client.request('findAll', ['core:class:Account', { email }])) as unknown[]
      assert.deepEqual([...accounts], [], 'no account is made for it')
    }
  })

test('ACC-65: without the option the address is anybody’s', async (context) => {
  const { url, token } = await testServer(context)
  const client = await RawClient.open(url, token(ops))
  const tx = createTask('t', { title: 'x' }, { by: 'core:account:System' })
  await assert.rejects(client.request('tx', [tx]), /Forbidden/)
})

test('ACC-65: who looks like the system’s address is refused, and so is a token that a login gave', async (context) => {
  const { token, refusal } = await team(context, {}, flags)
  for (const email of [
    'ops@atrium.example',
    'OPS@ATRIUM.EXAMPLE',
    '\uff2fps@atrium.example',
    'SECOND@atrium.example',
  ])
    assert.equal((await refusal(token(email, 'team'))).code, 4100, email)
  for (const version of [0, 1]) assert.equal((await refusal(token(ops, 'team', { version }))).code, 4100)
})

test('ACC-65: nobody registers the system’s address, not for an administrator either, and who had it is not the system', async (context) => {
  const { call, admin } = await team(context, {}, flags)
  for (const email of [ops, 'ops@atrium.example', ' OPS@atrium.example ', 'second@atrium.example'])
    for (const who of [undefined, admin])
      await assert.rejects(
        call(who, 'createAccount', email, password),
        refusedWith('platform:status:Forbidden'),
      )
})

test('ACC-65: who registered an address before it became the system’s has nothing by it', async (context) => {
  const before = await team(context, {}, { storage: 'embedded' })
  const { token: login } = (await before.call(undefined, 'createAccount', ops, password)) as { token: string }
  await before.call(before.admin, 'assignWorkspace', ops, 'team', 'USER')
  await before.server.stop()
  const { data } = before
  const after = await testServer(context, { accounts: 'builtin', storage: 'embedded', data, ...flags })
  const call = async (token: string | undefined, method: string, ...params: unknown[]) => {
    const headers = {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    const body = JSON.stringify({ method, params })
    const answer = await fetch(`${after.server.url}/accounts`, { method: 'POST', headers, body })
    return (await answer.json()) as { result?: { token: string }; error?: { code: string } }
  }
  assert.equal((await call(login, 'listWorkspaces')).error?.code, 'platform:status:Unauthorized')
  const again = (await call(undefined, 'login', ops, password)).result?.token
  if (again !== undefined)
    for (const method of ['listWorkspaces', 'selectWorkspace'])
      assert.equal((await call(again, method, 'team')).error?.code, 'platform:status:Unauthorized')
  const client = new RawClient(after.url, login)
  assert.equal((await client.waitForClose()).code, 4100)
})

test('ACC-65: the option takes addresses only', () => {
  assert.deepEqual(resolveConfiguration({ ATRIUM_SYSTEM_EMAILS: ' a@b , c@d,' }).systemEmails, ['a@b', 'c@d'])
  assert.deepEqual(resolveConfiguration({}).systemEmails, [])
  for (const wrong of ['ann', 'a@b c@d', '@', 'a@b;c@d@', 'a@', '@b'])
    assert.throws(() => resolveConfiguration({ ATRIUM_SYSTEM_EMAILS: wrong }), /ATRIUM_SYSTEM_EMAILS/, wrong)
})
