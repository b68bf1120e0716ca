import { describe, expect, test } from '@jest/globals'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { scriptedAccounts } from '../support/scripted-accounts.ts'
import { RawClient } from '../support/raw-client.ts'
import { createTask } from '../support/transactions.ts'
import { testServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'

const info = { workspaceId: 'w1', workspaceName: 'w1', productId: '', role: 'USER' }

describe('entering a workspace', () => {
  test('SRV-1: a client without access is refused with the error of the accounts service, and never as upgrading', async () => {
    const accounts = await scriptedAccounts(() => ({
      error: { severity: 'ERROR', code: 'platform:status:Forbidden', params: {} },
    }))
    const { url, token } = await testServer({ accounts: accounts.url })
    const client = new RawClient(url, token('ann'))
    const frame = await client.wait(({ id }) => id === -1)
    expect(frame.error?.code).toBe('platform:status:Forbidden')
    expect(frame['terminate']).toBe(true)
    expect((await client.waitForClose()).code).toBe(4202)
    const admin = await RawClient.open(url, token('root', 'w1', { admin: 'true' }))
    expect(((await admin.request('getAccount')) as { email: string }).email).toBe('root')
    await admin.close()
  })

  test('SRV-2: a disabled workspace admits nobody', async () => {
    const accounts = await scriptedAccounts(() => ({ result: { ...info, disabled: true } }))
    const { url, token } = await testServer({ accounts: accounts.url })
    const client = new RawClient(url, token('ann'))
    expect((await client.wait(({ id }) => id === -1)).error?.code).toBe('platform:status:WorkspaceDisabled')
    await client.waitForClose()
  })

  test('SRV-3: a workspace that is being created admits the system account only', async () => {
    const accounts = await scriptedAccounts(() => ({
      result: { ...info, creating: true, createProgress: 40 },
    }))
    const { url, token } = await testServer({ accounts: accounts.url })
    const client = new RawClient(url, token('ann'))
    const { error } = await client.wait(({ id }) => id === -1)
    expect([error?.code, error?.params]).toStrictEqual([
      'platform:status:WorkspaceCreating',
      { progress: 40 },
    ])
    await client.waitForClose()
    const system = await RawClient.open(url, token('system'))
    expect(await system.request('ping')).toBe('pong!')
  })

  test('SRV-4: a different model version is answered with upgrading and its statistics, except to upgrade and backup tools', async () => {
    const stats = { toProcess: 3, total: 10, elapsed: 5, eta: 2 }
    const version = { major: 9, minor: 0, patch: 0 }
    const accounts = await scriptedAccounts(() => ({ result: { ...info, version, upgrade: stats } }))
    const { url, token } = await testServer({ accounts: accounts.url })
    const client = new RawClient(url, token('ann'))
    const frame = await client.wait(({ id }) => id === -1)
    expect(frame.result).toStrictEqual({ state: 'upgrading', stats })
    expect((await client.waitForClose()).code).toBe(4001)
    for (const claims of [{ mode: 'backup' }, { model: 'upgrade' }] as const) {
      const tool = await RawClient.open(url, token('tool', 'w1', claims))
      expect(await tool.request('ping')).toBe('pong!')
      await tool.close()
    }
  })

  test('SRV-5: the limits of the server, a workspace and an account are reported as such, and existing sessions stay', async () => {
    const { url, token } = await testServer({ maxAccountSessions: '2', maxWorkspaceSessions: '3' })
    const first = await RawClient.open(url, token('ann'))
    await RawClient.open(url, token('ann'))
    const third = new RawClient(url, token('ann'))
    const { error } = await third.wait(({ id }) => id === -1)
    expect([error?.code, error?.params['limit']]).toStrictEqual([
      'platform:status:LimitReached',
      'sessions of an account',
    ])
    expect((await third.waitForClose()).code).toBe(1013)
    await RawClient.open(url, token('bob'))
    const fourth = new RawClient(url, token('cid'))
    const refused = await fourth.wait(({ id }) => id === -1)
    expect(refused.error?.params['limit']).toBe('sessions of a workspace')
    expect(await first.request('ping')).toBe('pong!')
  })

  test('SRV-6: while the accounts service is down, known tokens stay valid for the grace time, and clients with others are told that it is down', async () => {
    const accounts = await scriptedAccounts(() => ({ result: info }))
    const { url, token, time } = await testServer(
      { accounts: accounts.url, accountsTries: '1', accountsCache: '1000', accountsGrace: '60' },
      { fakeTime: true },
    )
    const known = token('ann')
    await (await RawClient.open(url, known)).close()
    accounts.down = true
    await time.advance(30_000)
    const back = await RawClient.open(url, known)
    expect(await back.request('ping')).toBe('pong!')
    const unknown = new RawClient(url, token('bob'))
    expect((await unknown.wait(({ id }) => id === -1)).error?.code).toBe('platform:status:Unavailable')
    expect((await unknown.waitForClose()).code).toBe(1013)
    await time.advance(60_000)
    const late = new RawClient(url, known)
    expect((await late.wait(({ id }) => id === -1)).error?.code).toBe('platform:status:Unavailable')
    await late.waitForClose()
  })

  test('SRV-7: messages that arrive while a session enters are kept and handled in order', async () => {
    const accounts = await scriptedAccounts(() => ({ result: info }))
    const release = accounts.hold()
    const { url, token } = await testServer({ accounts: accounts.url })
    const client = new RawClient(url, token('ann'))
    await new Promise((resolve) => client.socket.once('open', resolve))
    client.send({ method: 'hello', params: [], id: -1, binary: true })
    for (let at = 0; at < 50; at++) {
      client.send({
        id: at,
        method: 'tx',
        params: [createTask(`t${String(at).padStart(2, '0')}`, { title: 'x' })],
      })
    }
    client.send({
      id: 'find',
      method: 'findAll',
      params: ['core:class:Tx', { objectClass: 'board:class:Task' }],
    })
    await accounts.asked(1)
    release()
    await client.wait(({ id }) => id === 49)
    expect(client.kinds[0]).toBe('text')
    const answers = client.frames.map(({ id }) => id).filter((id) => typeof id === 'number' && id >= 0)
    expect(answers).toStrictEqual(Array.from({ length: 50 }, (_, at) => at))
    const log = (await client.request('findAll', ['core:class:Tx', { objectClass: 'board:class:Task' }])) as {
      objectId: string
    }[]
    expect(log).toHaveLength(50)
  })

  test('SRV-8: more early messages than the limit close their session with 1013, and no other session', async () => {
    const accounts = await scriptedAccounts(() => ({ result: info }))
    const { url, token } = await testServer({ accounts: accounts.url, earlyMessages: '10' })
    const other = await RawClient.open(url, token('bob'))
    const release = accounts.hold()
    const client = new RawClient(url, token('ann'))
    await new Promise((resolve) => client.socket.once('open', resolve))
    for (let at = 0; at < 11; at++) client.send({ id: at, method: 'ping', params: [] })
    expect((await client.waitForClose()).code).toBe(1013)
    release()
    expect(await other.request('ping')).toBe('pong!')
  })

  test('SRV-9: a socket that closes while its session enters leaves nothing behind', async () => {
    const accounts = await scriptedAccounts(() => ({ result: info }))
    const { url, token, server } = await testServer({ accounts: accounts.url, idleTimeout: '0' })
    const release = accounts.hold()
    const client = new RawClient(url, token('ann'), { sessionId: 's1' })
    await new Promise((resolve) => client.socket.once('open', resolve))
    await accounts.asked(1)
    client.socket.terminate()
    await waitUntil(() => server.inspect().sessions === 0, 'the session going')
    release()
    await waitUntil(() => server.inspect().workspaces === 0, 'the workspace closing')
    expect(server.inspect()).toStrictEqual({
      sessions: 0,
      workspaces: 0,
      remembered: 0,
      timers: server.inspect().timers,
      waiting: 0,
      wakeUps: 0,
    })
    const again = await RawClient.open(url, token('ann'), {}, { sessionId: 's1' })
    const hello = await again.wait(({ result }) => result === 'hello')
    expect(hello['reconnect']).toBe(false)
  })

  test('SRV-10: a workspace that cannot be opened is an error for all who wait for it, and the next attempt opens it afresh', async () => {
    const { url, token, data } = await testServer({ storage: 'embedded' })
    await mkdir(join(data, 'workspaces', 'w-w1.db'), { recursive: true })
    const clients = [new RawClient(url, token('ann')), new RawClient(url, token('bob'))]
    for (const client of clients) {
      const frame = await client.wait(({ id }) => id === -1)
      expect(frame.error?.code ?? '').toMatch(/^platform:status:/)
      expect(frame.result).toBeUndefined()
      await client.waitForClose()
    }
    await rm(join(data, 'workspaces', 'w-w1.db'), { recursive: true })
    expect(await (await RawClient.open(url, token('ann'))).request('ping')).toBe('pong!')
  })
})
