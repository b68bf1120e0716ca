import { describe, expect, test } from '@jest/globals'
import { join } from 'node:path'
import jwt from 'jsonwebtoken'
import { systemClock } from '../../model/clock.ts'
import { openWorkspace } from '../../pipeline/open-workspace.ts'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { InstalledModules } from '../../pipeline/modules/installed-modules.ts'
import { AccountsStore, creation } from '../../server/accounts/builtin/accounts-store.ts'
import { accountsWorkspace } from '../../server/accounts/builtin/accounts-workspace.ts'
import { accounts } from '../../server/accounts/builtin/model.ts'
import { Passwords } from '../../server/accounts/builtin/passwords.ts'
import { accountsOf, refusedWith, team } from '../support/accounts-calls.ts'
import { temporaryFolder } from '../support/executable.ts'
import { RawClient } from '../support/raw-client.ts'
import { TEST_SECRET, TestLog, testServer } from '../support/test-server.ts'
import { satisfying } from '../support/expecting.ts'

const builtin = { accounts: 'builtin' }
const password = 'correct horse'
const exists = refusedWith('platform:status:AccountExists')
const forbidden = refusedWith('platform:status:Forbidden')
const unauthorized = refusedWith('platform:status:Unauthorized')

/** Å as one character, as the angstrom sign, and as a letter with a combining ring. */
const [one, sign, apart] = ['\u00c5NN@x.example', '\u212bnn@X.example', 'a\u030ann@x.EXAMPLE'] as const

interface Given {
  email: string
  token: string
}

describe('emails of accounts', () => {
  test('ACC-61: emails that differ by case or form only are one account, shown as it was typed', async () => {
    const server = accountsOf(await testServer(builtin))
    const { call, token, admin } = server
    const endpoint = server.server.url.replace('http', 'ws')
    const { email, token: login } = (await call(undefined, 'createAccount', ` ${one} `, password)) as Given
    expect(email).toBe(one)
    for (const other of [one, sign, apart])
      await expect(call(undefined, 'createAccount', other, password)).rejects.toThrow(satisfying(exists))
    for (const other of [sign, apart])
      expect(((await call(undefined, 'login', other, password)) as Given).email).toBe(one)
    await call(login, 'createWorkspace', 'team')
    const selected = (await call(token(apart, ''), 'selectWorkspace', 'team')) as Given
    expect(selected.email).toBe(one)
    const ids = new Set<string>()
    for (const by of [selected.token, token(sign, 'team'), token(apart, 'team')]) {
      const client = await RawClient.open(endpoint, by)
      const { _id, role } = (await client.request('getAccount')) as { _id: string; role: string }
      ids.add(_id)
      expect(role).toBe('OWNER')
    }
    expect([...ids]).toStrictEqual(['account:\u00e5nn@x.example'])
    await call(admin, 'createAccount', 'Bob')
    expect(((await call(login, 'assignWorkspace', 'BOB', 'team')) as Given).email).toBe('Bob')
    expect((await call(token('bOb', ''), 'listWorkspaces')) as unknown[]).toHaveLength(1)
  })

  test('ACC-61: wrong passwords, sessions and session ids belong to one account however its email is spelled', async () => {
    const flags = { maxAccountSessions: '2' }
    const { call, token, endpoint, enter, refusal } = await team({ bob: 'USER' }, flags, { fakeTime: true })
    for (const spelled of ['bob', 'BOB', 'Bob', 'bOB', 'boB', 'bOb', '\uff42ob', 'BoB', 'BOb', 'b\uff2fb'])
      await expect(call(undefined, 'login', spelled, 'a guess')).rejects.toThrow()
    await expect(call(undefined, 'login', 'bob', 'a guess')).rejects.toThrow(
      satisfying(refusedWith('platform:status:RateLimited')),
    )
    const sessionId = 's1'
    const first = await RawClient.open(endpoint, token('bob', 'team'), {}, { sessionId })
    const same = new RawClient(endpoint, token('BOB', 'team'), { sessionId })
    expect((await same.waitForClose()).code).toBe(4201)
    const second = await enter('Bob')
    expect(await first.request('ping')).toBe('pong!')
    expect((await refusal(token('boB', 'team'))).frame.error?.code).toBe('platform:status:LimitReached')
    expect(await second.request('authenticate', [token('bOB', 'team')])).toBe(true)
  })

  test('ACC-62: nobody signs up as the system or with invisible characters, and an email that looks like the system’s is refused', async () => {
    const { call, token, refusal } = await team()
    const lookalikes = ['SYSTEM', 'System', '\uff53\uff59\uff53\uff54\uff45\uff4d', '\u017fystem']
    for (const email of lookalikes) {
      await expect(call(undefined, 'createAccount', email, password)).rejects.toThrow(satisfying(forbidden))
      await expect(call(token(email, '', { admin: 'true' }), 'listWorkspaces')).rejects.toThrow(
        satisfying(unauthorized),
      )
      expect((await refusal(token(email, 'team'))).code).toBe(4100)
    }
    const bad = refusedWith('platform:status:BadRequest')
    for (const email of [
      'an\u200bn',
      'ann\u00ad',
      '\u202ennA',
      'a\u0000nn',
      'an\ud800n',
      '\ufdfa'.repeat(20),
    ])
      await expect(call(undefined, 'createAccount', email, password)).rejects.toThrow(satisfying(bad))
  })

  /** The accounts of an older version: ids are emails as they were typed. */
  async function oldAccounts(
    data: string,
    kept: {
      people: [email: string, password: string, createdOn: number][]
      members: [string, string, string][]
    },
  ): Promise<void> {
    const log = new TestLog()
    const storage = createSqliteStorage({ directory: join(data, 'workspaces') })
    const options = {
      storage,
      clock: { now: systemClock.now },
      logger: log,
      modules: new InstalledModules([]),
    }
    const pipeline = await openWorkspace({ ...accountsWorkspace(systemClock.now), ...options })
    const hashes = new Passwords()
    const people = await Promise.all(
      kept.people.map(async ([email, given, createdOn]) => ({
        email,
        createdOn,
        hash: { password: await hashes.hash(given, { address: '' }) },
      })),
    )
    const { Person, Workspace, Membership } = accounts.class
    await new AccountsStore(pipeline).commit((factory) => [
      ...people.map(({ email, createdOn, hash }) => ({
        ...creation(factory, Person, email, { email, ...hash }),
        createdOn,
      })),
      ...[...new Set(kept.members.map(([workspace]) => workspace))].map((name) =>
        creation(factory, Workspace, name, { name, version: { major: 0, minor: 1, patch: 0 } }),
      ),
      ...kept.members.map(([workspace, email, role]) =>
        creation(factory, Membership, `${workspace}/${email}`, { workspace, email, role }),
      ),
    ])
    await pipeline.close()
    await storage.close()
  }

  async function reopened(data: string) {
    return accountsOf(await testServer({ ...builtin, data, storage: 'embedded' }))
  }

  test('ACC-63: accounts of an older version get the ids of their folded emails once, and continue unchanged', async () => {
    const data = await temporaryFolder()
    await oldAccounts(data, {
      people: [
        ['Ann@X', password, 5],
        ['bob', 'short', 6],
      ],
      members: [
        ['team', 'Ann@X', 'OWNER'],
        ['team', 'bob', 'MAINTAINER'],
      ],
    })
    const first = await reopened(data)
    const { email, token } = (await first.call(undefined, 'login', 'ann@x', password)) as Given
    expect(email).toBe('Ann@X')
    const roleOf = async (by: string) => ((await first.call(by, 'getWorkspaceInfo')) as { role: string }).role
    const { token: inside } = (await first.call(token, 'selectWorkspace', 'team')) as Given
    expect(await roleOf(inside)).toBe('OWNER')
    // A token of the older version.
    expect(await roleOf(first.token('Ann@X', 'team'))).toBe('OWNER')
    expect(await roleOf(first.token('bob', 'team'))).toBe('MAINTAINER')
    // Shorter than is accepted now.
    expect(await first.call(undefined, 'login', 'Bob', 'short')).toBeTruthy()
    expect(first.log.lines.filter(({ level }) => level !== 'info')).toStrictEqual([])
    await first.server.stop()
    const second = await reopened(data)
    expect(((await second.call(undefined, 'login', 'ANN@X', password)) as Given).email).toBe('Ann@X')
    expect(second.log.lines.some(({ message }) => message.includes('migration'))).toBe(false)
  })

  test('ACC-64: of accounts whose emails have become equal the older one stays, and the others are named in the log and grant nothing', async () => {
    const data = await temporaryFolder()
    await oldAccounts(data, {
      people: [
        ['ann', 'the younger one', 9],
        ['Ann', password, 5],
        ['ANN', 'the youngest one', 12],
      ],
      members: [
        ['team', 'Ann', 'USER'],
        ['team', 'ann', 'OWNER'],
        ['younger', 'ann', 'OWNER'],
        ['youngest', 'ANN', 'OWNER'],
      ],
    })
    const { call, token, log } = await reopened(data)
    for (const stolen of ['the younger one', 'the youngest one'])
      await expect(call(undefined, 'login', 'ann', stolen)).rejects.toThrow(
        satisfying(refusedWith('platform:status:InvalidCredentials')),
      )
    // Earlier tokens would now belong to the older account: none of them is valid.
    const iat = Math.floor(systemClock.now() / 1000) - 60
    for (const spelled of ['ann', 'Ann', 'ANN'])
      for (const by of [
        jwt.sign({ email: spelled, workspace: 'team', iat }, TEST_SECRET),
        token(spelled, 'team', { version: 0 }),
      ])
        await expect(call(by, 'getWorkspaceInfo')).rejects.toThrow(satisfying(unauthorized))
    const { email, token: login } = (await call(undefined, 'login', 'ann', password)) as Given
    expect(email).toBe('Ann')
    const found = (await call(login, 'listWorkspaces')) as { workspaceId: string }[]
    expect(found.map(({ workspaceId }) => workspaceId)).toStrictEqual(['team'])
    const { token: inside } = (await call(login, 'selectWorkspace', 'team')) as Given
    expect(((await call(inside, 'getWorkspaceInfo')) as { role: string }).role).toBe('USER')
    const warnings = log.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields)
    expect(warnings).toStrictEqual([
      { email: 'ann', stays: 'Ann' },
      { email: 'ANN', stays: 'Ann' },
      { email: 'ann', workspace: 'team', role: 'OWNER' },
      { email: 'ann', workspace: 'younger', role: 'OWNER' },
      { email: 'ANN', workspace: 'youngest', role: 'OWNER' },
    ])
  })

  test('ACC-54: a sign-up gives no access to existing workspaces, and an account registered by an administrator keeps its access', async () => {
    const data = await temporaryFolder()
    await oldAccounts(data, {
      people: [],
      members: [
        ['haunted', 'Ghost', 'OWNER'],
        ['kept', 'Bob', 'OWNER'],
      ],
    })
    const { call, admin, token, log } = await reopened(data)
    const named = log.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields)
    expect(named).toStrictEqual([
      { email: 'Ghost', workspace: 'haunted', role: 'OWNER' },
      { email: 'Bob', workspace: 'kept', role: 'OWNER' },
    ])
    const { token: ghost } = (await call(undefined, 'createAccount', 'ghost', password)) as Given
    expect(await call(ghost, 'listWorkspaces')).toStrictEqual([])
    await expect(call(token('Ghost', 'haunted'), 'getWorkspaceInfo')).rejects.toThrow(satisfying(forbidden))
    const { token: bob } = (await call(admin, 'createAccount', 'bob')) as Given
    expect((await call(bob, 'listWorkspaces')) as unknown[]).toHaveLength(1)
  })
})
