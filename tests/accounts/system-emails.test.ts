import { describe, expect, test } from '@jest/globals'
import { resolveConfiguration } from '../../server/configuration/configuration.ts'
import { refusedWith, team } from '../support/accounts-calls.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'
import { expectFor, satisfying } from '../support/expecting.ts'

const ops = 'Ops@atrium.example'
const flags = { systemEmails: `${ops}, second@atrium.example` }
const password = 'correct horse battery'

describe('emails of the system', () => {
  test.each([false, true])(
    'ACC-65: a tool signs in with an address of the option as the system, binary: %s',
    async (binary) => {
      const { url, token } = await testServer(flags)
      for (const email of [ops, 'second@atrium.example', 'system']) {
        const client = await RawClient.open(url, token(email), { binary, protocol: 2 })
        const id = `by ${email}`
        const tx = { ...createTask(id, { title: 'x' }, { by: 'core:account:System' }), modifiedOn: 42 }
        expect(await client.request('tx', [tx])).toStrictEqual({})
        const [task] = (await client.request('findAll', ['board:class:Task', { _id: id }])) as {
          modifiedOn: number
          modifiedBy: string
        }[]
        expect([task?.modifiedOn, task?.modifiedBy]).toStrictEqual([42, 'core:account:System'])
        const accounts = (await client.request('findAll', ['core:class:Account', { email }])) as unknown[]
        // No account is created for it.
        expect([...accounts]).toStrictEqual([])
      }
    },
  )

  test('ACC-65: without the option the address is an ordinary one', async () => {
    const { url, token } = await testServer()
    const client = await RawClient.open(url, token(ops))
    const tx = createTask('t', { title: 'x' }, { by: 'core:account:System' })
    await expect(client.request('tx', [tx])).rejects.toThrow(/Forbidden/)
  })

  test('ACC-65: an address that looks like the system’s is refused, and so is a token of a login', async () => {
    const { token, refusal } = await team({}, flags)
    for (const email of [
      'ops@atrium.example',
      'OPS@ATRIUM.EXAMPLE',
      '\uff2fps@atrium.example',
      'SECOND@atrium.example',
    ])
      expectFor(email, (await refusal(token(email, 'team'))).code).toBe(4100)
    for (const version of [0, 1]) expect((await refusal(token(ops, 'team', { version }))).code).toBe(4100)
  })

  test('ACC-65: the system’s address is not registered, not even by an administrator, and its earlier account is not the system', async () => {
    const { call, admin } = await team({}, flags)
    for (const email of [ops, 'ops@atrium.example', ' OPS@atrium.example ', 'second@atrium.example'])
      for (const who of [undefined, admin])
        await expect(call(who, 'createAccount', email, password)).rejects.toThrow(
          satisfying(refusedWith('platform:status:Forbidden')),
        )
  })

  test('ACC-65: an account that was registered before its address became the system’s gets no rights by it', async () => {
    const before = await team({}, { storage: 'embedded' })
    const { token: login } = (await before.call(undefined, 'createAccount', ops, password)) as {
      token: string
    }
    await before.call(before.admin, 'assignWorkspace', ops, 'team', 'USER')
    await before.server.stop()
    const { data } = before
    const after = await testServer({ accounts: 'builtin', storage: 'embedded', data, ...flags })
    const call = async (token: string | undefined, method: string, ...params: unknown[]) => {
      const headers = {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      }
      const body = JSON.stringify({ method, params })
      const answer = await fetch(`${after.server.url}/accounts`, { method: 'POST', headers, body })
      return (await answer.json()) as { result?: { token: string }; error?: { code: string } }
    }
    expect((await call(login, 'listWorkspaces')).error?.code).toBe('platform:status:Unauthorized')
    const again = (await call(undefined, 'login', ops, password)).result?.token
    if (again !== undefined)
      for (const method of ['listWorkspaces', 'selectWorkspace'])
        expect((await call(again, method, 'team')).error?.code).toBe('platform:status:Unauthorized')
    const client = new RawClient(after.url, login)
    expect((await client.waitForClose()).code).toBe(4100)
  })

  test('ACC-65: the option accepts addresses only', () => {
    expect(resolveConfiguration({ ATRIUM_SYSTEM_EMAILS: ' a@b , c@d,' }).systemEmails).toStrictEqual([
      'a@b',
      'c@d',
    ])
    expect(resolveConfiguration({}).systemEmails).toStrictEqual([])
    for (const wrong of ['ann', 'a@b c@d', '@', 'a@b;c@d@', 'a@', '@b'])
      expectFor(wrong, () => resolveConfiguration({ ATRIUM_SYSTEM_EMAILS: wrong })).toThrow(
        /ATRIUM_SYSTEM_EMAILS/,
      )
  })
})
