import assert from 'node:assert/strict'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { scriptedAccounts } from '../support/scripted-accounts.ts'
import { RawClient } from '../support/raw-client.ts'
import { createTask } from '../support/transactions.ts'
import { testServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'

const info = { workspaceId: 'w1', workspaceName: 'w1', productId: '', role: 'USER' }

test('SRV-1: who has no access is refused with the accounts service’s word, and never as upgrading', async (t) => {
  const accounts = await scriptedAccounts(t, () => ({
    error: { severity: 'ERROR', code: 'platform:status:Forbidden', params: {} },
  }))
  const { url, token } = await testServer(t, { accounts: accounts.url })
  const client = new RawClient(url, token('ann'))
  const frame = await client.wait(({ id }) => id === -1)
  assert.equal(frame.error?.code, 'platform:status:Forbidden')
  assert.equal(frame['terminate'], true)
  assert.equal((await client.waitForClose()).code, 4202)
  const admin = await RawClient.open(url, token('root', 'w1', { admin: 'true' }))
  assert.equal(((await admin.request('getAccount')) as { email: string }).email, 'root')
  await admin.close()
})

test('SRV-2: a disabled workspace lets nobody in', async (t) => {
  const accounts = await scriptedAccounts(t, () => ({ result: { ...info, disabled: true } }))
  const { url, token } = await testServer(t, { accounts: accounts.url })
  const client = new RawClient(url, token('ann'))
  assert.equal((await client.wait(({ id }) => id === -1)).error?.code, 'platform:status:WorkspaceDisabled')
  await client.waitForClose()
})

test('SRV-3: a workspace being created lets only the system account in', async (t) => {
  const accounts = await scriptedAccounts(t, () => ({
    result: { ...info, creating: true, createProgress: 40 },
  }))
  const { url, token } = await testServer(t, { accounts: accounts.url })
  const client = new RawClient(url, token('ann'))
  const { error } = await client.wait(({ id }) => id === -1)
  assert.deepEqual([error?.code, error?.params], ['platform:status:WorkspaceCreating', { progress: 40 }])
  await client.waitForClose()
  const system = await RawClient.open(url, token('system'))
  assert.equal(await system.request('ping'), 'pong!')
})

test('SRV-4: another model version means upgrading, with the statistics, but not to upgrade and backup tools', async (t) => {
  const stats = { toProcess: 3, total: 10, elapsed: 5, eta: 2 }
  const version = { major: 9, minor: 0, patch: 0 }
  const accounts = await scriptedAccounts(t, () => ({ result: { ...info, version, upgrade: stats } }))
  const { url, token } = await testServer(t, { accounts: accounts.url })
  const client = new RawClient(url, token('ann'))
  const frame = await client.wait(({ id }) => id === -1)
  assert.deepEqual(frame.result, { state: 'upgrading', stats })
  assert.equal((await client.waitForClose()).code, 4001)
  for (const claims of [{ mode: 'backup' }, { model: 'upgrade' }] as const) {
    const tool = await RawClient.open(url, token('tool', 'w1', claims))
    assert.equal(await tool.request('ping'), 'pong!')
    await tool.close()
  }
})

test('SRV-5: limits of the server, a workspace and an account are answered as such, and others stay', async (t) => {
  const { url, token } = await testServer(t, { maxAccountSessions: '2', maxWorkspaceSessions: '3' })
  const first = await RawClient.open(url, token('ann'))
  await RawClient.open(url, token('ann'))
  const third = new RawClient(url, token('ann'))
  const { error } = await third.wait(({ id }) => id === -1)
  assert.deepEqual(
    [error?.code, error?.params['limit']],
    ['platform:status:LimitReached', 'sessions of an account'],
  )
  assert.equal((await third.waitForClose()).code, 1013)
  await RawClient.open(url, token('bob'))
  const fourth = new RawClient(url, token('cid'))
  const refused = await fourth.wait(({ id }) => id === -1)
  assert.equal(refused.error?.params['limit'], 'sessions of a workspace')
  assert.equal(await first.request('ping'), 'pong!')
})

test('SRV-6: while accounts is down known tokens stay good for the grace time, unknown ones are told it is down', async (t) => {
  const accounts = await scriptedAccounts(t, () => ({ result: info }))
  const { url, token, time } = await testServer(
    t,
    { accounts: accounts.url, accountsTries: '1', accountsCache: '1000', accountsGrace: '60' },
    { fakeTime: true },
  )
  const known = token('ann')
  await (await RawClient.open(url, known)).close()
  accounts.down = true
  await time.advance(30_000)
  const back = await RawClient.open(url, known)
  assert.equal(await back.request('ping'), 'pong!')
  const unknown = new RawClient(url, token('bob'))
  assert.equal((await unknown.wait(({ id }) => id === -1)).error?.code, 'platform:status:Unavailable')
  assert.equal((await unknown.waitForClose()).code, 1013)
  await time.advance(60_000)
  const late = new RawClient(url, known)
  assert.equal((await late.wait(({ id }) => id === -1)).error?.code, 'platform:status:Unavailable')
  await late.waitForClose()
})

test('SRV-7: what arrives while a session enters is kept and handled in order', async (t) => {
  const accounts = await scriptedAccounts(t, () => ({ result: info }))
  const release = accounts.hold()
  const { url, token } = await testServer(t, { accounts: accounts.url })
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
  assert.equal(client.kinds[0], 'text')
  const answers = client.frames.map(({ id }) => id).filter((id) => typeof id === 'number' && id >= 0)
  assert.deepEqual(
    answers,
    Array.from({ length: 50 }, (_, at) => at),
  )
  const log = (await client.request('findAll', ['core:class:Tx', { objectClass: 'board:class:Task' }])) as {
    objectId: string
  }[]
  assert.equal(log.length, 50)
})

test('SRV-8: more than is kept before a session is open closes it with 1013, and nobody else notices', async (t) => {
  const accounts = await scriptedAccounts(t, () => ({ result: info }))
  const { url, token } = await testServer(t, { accounts: accounts.url, earlyMessages: '10' })
  const other = await RawClient.open(url, token('bob'))
  const release = accounts.hold()
  const client = new RawClient(url, token('ann'))
  await new Promise((resolve) => client.socket.once('open', resolve))
  for (let at = 0; at < 11; at++) client.send({ id: at, method: 'ping', params: [] })
  assert.equal((await client.waitForClose()).code, 1013)
  release()
  assert.equal(await other.request('ping'), 'pong!')
})

test('SRV-9: a socket that dies while its session enters leaves no ghost', async (t) => {
  const accounts = await scriptedAccounts(t, () => ({ result: info }))
  const { url, token, server } = await testServer(t, { accounts: accounts.url, idleTimeout: '0' })
  const release = accounts.hold()
  const client = new RawClient(url, token('ann'), { sessionId: 's1' })
  await new Promise((resolve) => client.socket.once('open', resolve))
  await accounts.asked(1)
  client.socket.terminate()
  await waitUntil(() => server.inspect().sessions === 0, 'the session going')
  release()
  await waitUntil(() => server.inspect().workspaces === 0, 'the workspace closing')
  assert.deepEqual(server.inspect(), {
    sessions: 0,
    workspaces: 0,
    remembered: 0,
    timers: server.inspect().timers,
  })
  const again = await RawClient.open(url, token('ann'), {}, { sessionId: 's1' })
  const hello = await again.wait(({ result }) => result === 'hello')
  assert.equal(hello['reconnect'], false)
})

test('SRV-10: a workspace that cannot be opened is an error to those who wait, and the next try is fresh', async (t) => {
  const { url, token, data } = await testServer(t, { storage: 'embedded' })
  await mkdir(join(data, 'workspaces', 'w-w1.db'), { recursive: true })
  const clients = [new RawClient(url, token('ann')), new RawClient(url, token('bob'))]
  for (const client of clients) {
    const frame = await client.wait(({ id }) => id === -1)
    assert.match(frame.error?.code ?? '', /^platform:status:/)
    assert.equal(frame.result, undefined)
    await client.waitForClose()
  }
  await rm(join(data, 'workspaces', 'w-w1.db'), { recursive: true })
  assert.equal(await (await RawClient.open(url, token('ann'))).request('ping'), 'pong!')
})
