import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RawClient } from '../support/raw-client.ts'
import { scriptedAccounts } from '../support/scripted-accounts.ts'
import { change, createTask } from '../support/transactions.ts'
import { testServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'

const upgradeSignal = ({ result }: { result?: unknown }) =>
  (result as { _class?: string } | null)?._class === 'core:class:TxModelUpgrade'

const modelTx = () =>
  change(
    'core:class:TxCreateDoc',
    'test:class:Note',
    'core:class:Class',
    { by: 'core:account:System', space: 'core:space:Model' },
    {
      attributes: { kind: 0, label: 'Note', extends: 'core:class:Doc', domain: 'note' },
    },
  )

test('SRV-22: an upgrade tool puts everyone out with the signal, works alone, and the next person has the new model', async (t) => {
  const { url, token, server } = await testServer(t, { upgradeNotice: '60000' })
  const ann = await RawClient.open(url, token('ann'))
  const bob = await RawClient.open(url, token('bob'))
  const before = ((await ann.request('loadModel', [0])) as unknown[]).length
  for (const client of [ann, bob]) {
    void client
      .wait(upgradeSignal)
      .then(() => client.send({ method: client === ann ? '#upgrading' : '#upgrade', params: [], id: -1 }))
  }
  const tool = await RawClient.open(url, token('tool', 'w1', { model: 'upgrade' }))
  assert.equal((await ann.waitForClose()).code, 4001)
  assert.equal((await bob.waitForClose()).code, 4001)
  const refused = new RawClient(url, token('ann'))
  assert.deepEqual((await refused.wait(({ id }) => id === -1)).result, { state: 'upgrading' })
  await refused.waitForClose()
  const second = await RawClient.open(url, token('tool', 'w1', { model: 'upgrade' }))
  assert.deepEqual(await tool.request('tx', [modelTx()]), {})
  await second.request('ping')
  assert.deepEqual(second.pushes, [])
  await tool.close()
  const still = new RawClient(url, token('ann'))
  assert.deepEqual((await still.wait(({ id }) => id === -1)).result, { state: 'upgrading' })
  await second.close()
  await waitUntil(() => server.inspect().workspaces === 0, 'the workspace closing')
  const back = await RawClient.open(url, token('ann'))
  assert.ok(((await back.request('loadModel', [0])) as unknown[]).length > before)
  assert.deepEqual(await back.request('findAll', ['test:class:Note', {}]), Object.assign([], { total: -1 }))
})

test('SRV-23: clients that do not acknowledge an upgrade are waited for a moment only', async (t) => {
  const { url, token, time } = await testServer(t, { upgradeNotice: '1000' }, { fakeTime: true })
  const ann = await RawClient.open(url, token('ann'))
  const tool = new RawClient(url, token('tool', 'w1', { model: 'upgrade' }))
  tool.socket.once('open', () => tool.send({ method: 'hello', params: [], id: -1 }))
  await ann.wait(upgradeSignal)
  await new Promise(setImmediate)
  assert.equal(ann.closed, undefined)
  await time.advance(1100)
  assert.equal((await ann.waitForClose()).code, 4001)
  await tool.wait(({ result }) => result === 'hello')
})

test('SRV-24: an upgrade tool that says forceClose is answered, and then everyone gets in again', async (t) => {
  const { url, token } = await testServer(t)
  const tool = await RawClient.open(url, token('tool', 'w1', { model: 'upgrade' }))
  assert.equal(await tool.request('forceClose'), true)
  assert.equal((await tool.waitForClose()).code, 4000)
  const ann = await RawClient.open(url, token('ann'))
  assert.equal(await ann.request('ping'), 'pong!')
})

test('SRV-25: an upgrade tool that dies leaves nobody out', async (t) => {
  const { url, token, server } = await testServer(t)
  const tool = await RawClient.open(url, token('tool', 'w1', { model: 'upgrade' }))
  tool.socket.terminate()
  await waitUntil(() => server.inspect().workspaces === 0, 'the workspace closing')
  await RawClient.open(url, token('ann'))
})

test('SRV-26: people who were on their way in when an upgrade began are told upgrading, and none stays with the old model', async (t) => {
  const accounts = await scriptedAccounts(t, () => ({
    result: { workspaceId: 'w1', workspaceName: 'w1', role: 'USER' },
  }))
  const { url, token, server } = await testServer(t, { accounts: accounts.url, upgradeNotice: '50' })
  const early = await RawClient.open(url, token('ann'))
  const crowd = Array.from({ length: 20 }, (_, at) => new RawClient(url, token(`p${at}`)))
  const tool = new RawClient(url, token('tool', 'w1', { model: 'upgrade' }))
  tool.socket.once('open', () => tool.send({ method: 'hello', params: [], id: -1 }))
  await tool.wait(({ result }) => result === 'hello')
  await early.waitForClose()
  for (const client of crowd) {
    const { code } = await client.waitForClose()
    assert.equal(code, 4001)
  }
  assert.equal(server.inspect().sessions, 1)
})

test('SRV-27: force-close is for upgrade tools and administrators', async (t) => {
  const { url, token } = await testServer(t)
  const ann = await RawClient.open(url, token('ann'))
  await assert.rejects(ann.request('forceClose'), /Forbidden/)
  assert.equal(await ann.request('ping'), 'pong!')
  const admin = await RawClient.open(url, token('root', 'w1', { admin: 'true' }))
  void ann.wait(upgradeSignal).then(() => ann.send({ method: '#upgrading', params: [], id: -1 }))
  assert.equal(await admin.request('forceClose'), true)
  assert.equal((await ann.waitForClose()).code, 4000)
})

test('SRV-28: force-close over HTTP answers when it is done, keeps nothing of the workspace, and leaves others alone', async (t) => {
  const { url, token, server } = await testServer(t, { upgradeNotice: '50' })
  const ann = await RawClient.open(url, token('ann'), {}, { sessionId: 's1' })
  const other = await RawClient.open(url, token('bob', 'w2'))
  const admin = { authorization: `Bearer ${token('root', '', { admin: 'true' })}` }
  const put = async (query: string, headers: Record<string, string> = admin) =>
    await fetch(`${server.url}/api/v1/manage?${query}`, { method: 'PUT', headers })
  assert.deepEqual(await (await put('operation=force-close&wsId=w1')).json(), { closed: true })
  assert.deepEqual(server.inspect(), { ...server.inspect(), sessions: 1, workspaces: 1, remembered: 0 })
  assert.equal((await ann.waitForClose()).code, 4000)
  assert.deepEqual(await (await put('operation=force-close&wsId=w1')).json(), { closed: false })
  assert.equal((await put('operation=force-close')).status, 400)
  assert.equal((await put('operation=nope')).status, 404)
  assert.equal((await put('operation=constructor')).status, 404)
  assert.equal((await put('operation=reboot', { authorization: `Bearer ${token('ann')}` })).status, 403)
  assert.equal((await put('operation=reboot', {})).status, 401)
  assert.equal(await other.request('ping'), 'pong!')
  const back = await RawClient.open(url, token('ann'), {}, { sessionId: 's1' })
  assert.equal((await back.wait(({ result }) => result === 'hello'))['reconnect'], false)
})

test('SRV-29: transactions under way when a workspace is closed are answered or refused, and what was answered is there', async (t) => {
  const { url, token, server } = await testServer(t, { storage: 'embedded', upgradeNotice: '0' })
  const ann = await RawClient.open(url, token('ann'), { broadcast: false })
  for (let at = 0; at < 300; at++)
    ann.send({ id: at, method: 'tx', params: [createTask(`t${at}`, { title: 'x' })] })
  await ann.wait(({ id }) => id === 10)
  const headers = { authorization: `Bearer ${token('root', '', { admin: 'true' })}` }
  await fetch(`${server.url}/api/v1/manage?operation=force-close&wsId=w1`, { method: 'PUT', headers })
  await ann.waitForClose()
  const answered = ann.frames
    .filter(({ id, error }) => typeof id === 'number' && id >= 0 && id < 300 && error === undefined)
    .map(({ id }) => `t${id}`)
  const back = await RawClient.open(url, token('ann'))
  const there = new Set(
    ((await back.request('findAll', ['board:class:Task', {}])) as { _id: string }[]).map(({ _id }) => _id),
  )
  assert.ok(answered.length > 10)
  assert.deepEqual(
    answered.filter((id) => !there.has(id)),
    [],
  )
})
