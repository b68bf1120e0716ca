import { describe, expect, test } from '@jest/globals'
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

describe('upgrades', () => {
  test('SRV-22: an upgrade tool closes all sessions after a signal, works alone, and the next client has the new model', async () => {
    const { url, token, server } = await testServer({ upgradeNotice: '60000' })
    const ann = await RawClient.open(url, token('ann'))
    const bob = await RawClient.open(url, token('bob'))
    const before = ((await ann.request('loadModel', [0])) as unknown[]).length
    for (const client of [ann, bob]) {
      void client
        .wait(upgradeSignal)
        .then(() => client.send({ method: client === ann ? '#upgrading' : '#upgrade', params: [], id: -1 }))
    }
    const tool = await RawClient.open(url, token('tool', 'w1', { model: 'upgrade' }))
    expect((await ann.waitForClose()).code).toBe(4001)
    expect((await bob.waitForClose()).code).toBe(4001)
    const refused = new RawClient(url, token('ann'))
    expect((await refused.wait(({ id }) => id === -1)).result).toStrictEqual({ state: 'upgrading' })
    await refused.waitForClose()
    const second = await RawClient.open(url, token('tool', 'w1', { model: 'upgrade' }))
    expect(await tool.request('tx', [modelTx()])).toStrictEqual({})
    await second.request('ping')
    expect(second.pushes).toStrictEqual([])
    await tool.close()
    const still = new RawClient(url, token('ann'))
    expect((await still.wait(({ id }) => id === -1)).result).toStrictEqual({ state: 'upgrading' })
    await second.close()
    await waitUntil(() => server.inspect().workspaces === 0, 'the workspace closing')
    const back = await RawClient.open(url, token('ann'))
    expect(((await back.request('loadModel', [0])) as unknown[]).length).toBeGreaterThan(before)
    expect(await back.request('findAll', ['test:class:Note', {}])).toStrictEqual(
      Object.assign([], { total: -1 }),
    )
  })

  test('SRV-23: the server waits a limited time for clients that do not acknowledge an upgrade', async () => {
    const { url, token, time } = await testServer({ upgradeNotice: '1000' }, { fakeTime: true })
    const ann = await RawClient.open(url, token('ann'))
    const tool = new RawClient(url, token('tool', 'w1', { model: 'upgrade' }))
    tool.socket.once('open', () => tool.send({ method: 'hello', params: [], id: -1 }))
    await ann.wait(upgradeSignal)
    await new Promise(setImmediate)
    expect(ann.closed).toBeUndefined()
    await time.advance(1100)
    expect((await ann.waitForClose()).code).toBe(4001)
    await tool.wait(({ result }) => result === 'hello')
  })

  test('SRV-24: an upgrade tool that calls forceClose gets its response, and then everybody is admitted again', async () => {
    const { url, token } = await testServer()
    const tool = await RawClient.open(url, token('tool', 'w1', { model: 'upgrade' }))
    expect(await tool.request('forceClose')).toBe(true)
    expect((await tool.waitForClose()).code).toBe(4000)
    const ann = await RawClient.open(url, token('ann'))
    expect(await ann.request('ping')).toBe('pong!')
  })

  test('SRV-25: an upgrade tool that dies keeps nobody out', async () => {
    const { url, token, server } = await testServer()
    const tool = await RawClient.open(url, token('tool', 'w1', { model: 'upgrade' }))
    tool.socket.terminate()
    await waitUntil(() => server.inspect().workspaces === 0, 'the workspace closing')
    await RawClient.open(url, token('ann'))
  })

  test('SRV-26: clients that were entering when an upgrade began are told upgrading, and none stays with the old model', async () => {
    const accounts = await scriptedAccounts(() => ({
      result: { workspaceId: 'w1', workspaceName: 'w1', role: 'USER' },
    }))
    const { url, token, server } = await testServer({ accounts: accounts.url, upgradeNotice: '50' })
    const early = await RawClient.open(url, token('ann'))
    const crowd = Array.from({ length: 20 }, (_, at) => new RawClient(url, token(`p${at}`)))
    const tool = new RawClient(url, token('tool', 'w1', { model: 'upgrade' }))
    tool.socket.once('open', () => tool.send({ method: 'hello', params: [], id: -1 }))
    await tool.wait(({ result }) => result === 'hello')
    await early.waitForClose()
    for (const client of crowd) {
      const { code } = await client.waitForClose()
      expect(code).toBe(4001)
    }
    expect(server.inspect().sessions).toBe(1)
  })

  test('SRV-27: force-close is for upgrade tools and administrators', async () => {
    const { url, token } = await testServer()
    const ann = await RawClient.open(url, token('ann'))
    await expect(ann.request('forceClose')).rejects.toThrow(/Forbidden/)
    expect(await ann.request('ping')).toBe('pong!')
    const admin = await RawClient.open(url, token('root', 'w1', { admin: 'true' }))
    void ann.wait(upgradeSignal).then(() => ann.send({ method: '#upgrading', params: [], id: -1 }))
    expect(await admin.request('forceClose')).toBe(true)
    expect((await ann.waitForClose()).code).toBe(4000)
  })

  test('SRV-28: force-close over HTTP responds when it is done, keeps nothing of the workspace, and leaves other workspaces alone', async () => {
    const { url, token, server } = await testServer({ upgradeNotice: '50' })
    const ann = await RawClient.open(url, token('ann'), {}, { sessionId: 's1' })
    const other = await RawClient.open(url, token('bob', 'w2'))
    const admin = { authorization: `Bearer ${token('root', '', { admin: 'true' })}` }
    const put = async (query: string, headers: Record<string, string> = admin) =>
      await fetch(`${server.url}/api/v1/manage?${query}`, { method: 'PUT', headers })
    expect(await (await put('operation=force-close&wsId=w1')).json()).toStrictEqual({ closed: true })
    expect(server.inspect()).toStrictEqual({ ...server.inspect(), sessions: 1, workspaces: 1, remembered: 0 })
    expect((await ann.waitForClose()).code).toBe(4000)
    expect(await (await put('operation=force-close&wsId=w1')).json()).toStrictEqual({ closed: false })
    expect((await put('operation=force-close')).status).toBe(400)
    expect((await put('operation=nope')).status).toBe(404)
    expect((await put('operation=constructor')).status).toBe(404)
    expect((await put('operation=reboot', { authorization: `Bearer ${token('ann')}` })).status).toBe(403)
    expect((await put('operation=reboot', {})).status).toBe(401)
    expect(await other.request('ping')).toBe('pong!')
    const back = await RawClient.open(url, token('ann'), {}, { sessionId: 's1' })
    expect((await back.wait(({ result }) => result === 'hello'))['reconnect']).toBe(false)
  })

  test('SRV-29: transactions that run when a workspace closes are answered or refused, and the acknowledged ones are stored', async () => {
    const { url, token, server } = await testServer({ storage: 'embedded', upgradeNotice: '0' })
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
    expect(answered.length).toBeGreaterThan(10)
    expect(answered.filter((id) => !there.has(id))).toStrictEqual([])
  })
})
