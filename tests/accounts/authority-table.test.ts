import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AccountsError, accountsOf } from '../support/accounts-calls.ts'
import { RawClient } from '../support/raw-client.ts'
import { root } from '../support/root.ts'
import { testServer } from '../support/test-server.ts'
import { expectThat } from '../support/expecting.ts'

const password = 'correct horse'
const another = 'battery staple'
/** Has a password, and is in no workspace. */
const somebody = 'somebody'

/** The first table of its section: the roles for each action. */
const page = readFileSync(join(root, 'docs', 'security.md'), 'utf8')
const [header = [], , ...rows] = page
  .slice(page.indexOf('## People, workspaces and tokens'))
  .split('\n\n')
  .filter((part) => part.startsWith('|'))[0]!
  .split('\n')
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )

/**
 * The caller of a column in its own workspace, with the owner `ann`, and `bob` with the role that the action requires.
 */
interface Case {
  /** The token for the accounts service, and one for the workspace; undefined for a caller without a token. */
  by: string | undefined
  inside: string | undefined
  /** The caller, the owner of the workspace, and the target of the action. */
  caller: string
  owner: string
  other: string
  workspace: string
  call: (by: string | undefined, method: string, ...params: unknown[]) => Promise<unknown>
  otherIs: (role: string) => Promise<unknown>
  enter: (by: string | undefined) => Promise<unknown>
  http: (method: string, path: string) => Promise<unknown>
}

const actions: Record<string, (each: Case) => Promise<unknown>> = {
  'sign up': ({ call, by, other }) => call(by, 'createAccount', `new ${other}`, password),
  'make an account without a password': ({ call, by, other }) => call(by, 'createAccount', `new ${other}`),
  'log in with the right password': ({ call, by }) => call(by, 'login', somebody, password),
  'change the own password, knowing the old one': ({ call, by }) =>
    call(by, 'changePassword', password, another),
  'change the own password, not knowing the old': ({ call, by }) => call(by, 'changePassword', '', another),
  'change the password of somebody else': ({ call, by, owner }) =>
    call(by, 'changePassword', password, another, owner),
  'revoke the own tokens': ({ call, by }) => call(by, 'revokeSessions'),
  'revoke the tokens of somebody else': ({ call, by, owner }) => call(by, 'revokeSessions', owner),
  'make a workspace': ({ call, by, workspace }) => call(by, 'createWorkspace', `${workspace} 2`),
  'make a workspace with a token for another': ({ call, inside, workspace }) =>
    call(inside, 'createWorkspace', `${workspace} 2`),
  'list the own workspaces': ({ call, by }) => call(by, 'listWorkspaces'),
  'get a token for the workspace': ({ call, by, workspace }) => call(by, 'selectWorkspace', workspace),
  'get it with a token for another workspace': ({ call, inside }) =>
    call(inside, 'selectWorkspace', 'elsewhere'),
  'open a session in the workspace': ({ enter, inside }) => enter(inside),
  'make somebody a USER of it': assign('USER'),
  'make somebody a MAINTAINER of it': assign('MAINTAINER'),
  'make somebody an OWNER of it': assign('OWNER'),
  'make itself an OWNER of it': ({ call, by, caller, workspace }) =>
    call(by, 'assignWorkspace', caller, workspace, 'OWNER'),
  'make somebody who is not registered a USER': ({ call, by, other, workspace }) =>
    call(by, 'assignWorkspace', `new ${other}`, workspace),
  'make a MAINTAINER a GUEST': assign('GUEST', 'MAINTAINER'),
  'make one of two OWNERs a GUEST': assign('GUEST', 'OWNER'),
  'remove a USER': remove('USER'),
  'remove one of two OWNERs': remove('OWNER'),
  'remove itself': ({ call, by, caller, workspace }) => call(by, 'removeMember', caller, workspace),
  'remove the last OWNER': async ({ call, by, owner, workspace, caller }) => {
    // An owner that calls is the last one after the other one has left.
    const last = caller.startsWith('owner') ? caller : owner
    if (last === caller) await call(by, 'removeMember', owner, workspace)
    return await call(by, 'removeMember', last, workspace)
  },
  'make the last OWNER a USER': async ({ call, by, owner, workspace, caller }) => {
    const last = caller.startsWith('owner') ? caller : owner
    if (last === caller) await call(by, 'assignWorkspace', owner, workspace, 'USER')
    return await call(by, 'assignWorkspace', last, workspace, 'USER')
  },
  'disable the workspace, tell of its upgrade': ({ call, inside, workspace }) =>
    call(inside, 'updateWorkspace', workspace, { disabled: true }),
  'read the totals of the server': ({ http }) => http('GET', 'statistics'),
  'close a workspace, warn of maintenance, restart': ({ http, workspace }) =>
    http('PUT', `manage?operation=force-close&wsId=${workspace}`),
}

function assign(role: string, before?: string) {
  return async ({ call, by, other, workspace, otherIs }: Case) => {
    if (before !== undefined) await otherIs(before)
    return await call(by, 'assignWorkspace', other, workspace, role)
  }
}

function remove(role: string) {
  return async ({ call, by, other, workspace, otherIs }: Case) => {
    await otherIs(role)
    return await call(by, 'removeMember', other, workspace)
  }
}

const refusals = ['Forbidden', 'Unauthorized', 'AccountNotFound', 'InvalidCredentials', 'BadRequest']

test('ACC-80: the table of `docs/security.md` states who may do what with accounts', async () => {
  const { call, admin, token, server } = accountsOf(
    await testServer({ accounts: 'builtin', modelVersion: '0.1.0' }),
  )
  await call(admin, 'createWorkspace', 'elsewhere')
  await call(admin, 'createAccount', somebody, password)
  let number = 0
  /** @param column of the table */
  const caseOf = async (column: string, { hasPassword }: { hasPassword: boolean }): Promise<Case> => {
    number += 1
    const isMember = !['no token', 'stranger', 'administrator'].includes(column)
    const [caller, owner, other] = [`${column.toLowerCase()} ${number}`, `ann ${number}`, `bob ${number}`]
    const workspace = `w${number}`
    await call(admin, 'createAccount', caller, hasPassword ? password : null)
    await call(admin, 'createAccount', other)
    await call(admin, 'createAccount', owner)
    await call(token(owner, ''), 'createWorkspace', workspace)
    if (isMember) {
      for (const at of [workspace, 'elsewhere']) await call(admin, 'assignWorkspace', caller, at, column)
    }
    const claims = column === 'administrator' ? { admin: 'true' as const } : {}
    const signed = (at: string) => (column === 'no token' ? undefined : token(caller, at, claims))
    const [by, inside] = [signed(''), signed(workspace)]
    return {
      by,
      inside,
      caller,
      owner,
      other,
      workspace,
      call,
      otherIs: async (role) => await call(admin, 'assignWorkspace', other, workspace, role),
      enter: async (given) => {
        const client = new RawClient(server.url.replace('http', 'ws'), given ?? '')
        client.socket.once('open', () => client.send({ method: 'hello', params: [], id: -1 }))
        const { error } = await client.wait(({ id }) => id === -1)
        if (error !== undefined) throw new AccountsError(error)
        await client.close()
      },
      http: async (method, path) => {
        const headers = by === undefined ? {} : { authorization: `Bearer ${by}` }
        const answer = await fetch(`${server.url}/api/v1/${path}`, { method, headers })
        const { error } = (await answer.json()) as { error?: ConstructorParameters<typeof AccountsError>[0] }
        if (error !== undefined) throw new AccountsError(error)
      },
    }
  }
  const wrong: string[] = []
  for (const [what = '', ...cells] of rows) {
    const action = actions[what]
    expectThat(action !== undefined, `the table tells of what no test tries: ${what}`)
    for (const [at, said] of cells.entries()) {
      const column = header[at + 1] ?? ''
      const each = await caseOf(column, { hasPassword: what.endsWith('knowing the old one') })
      const done = await action(each).then(
        () => 'yes',
        (error: unknown) => outcomeOf(error),
      )
      if (done !== said) wrong.push(`${what}, ${column}: ${done}, and not ${said}`)
    }
  }
  expect(wrong).toStrictEqual([])
  expect(rows.map(([what]) => what)).toStrictEqual(Object.keys(actions))
})

/** A refusal has a code; any other error is a defect of the test or the server. */
function outcomeOf(error: unknown): string {
  if (!(error instanceof AccountsError)) return String(error)
  const code = error.code.replace('platform:status:', '')
  return refusals.includes(code) ? 'no' : error.code
}
