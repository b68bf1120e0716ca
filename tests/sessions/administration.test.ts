import { describe, expect, test } from '@jest/globals'
import { RawClient } from '../support/raw-client.ts'
import { applyIf, createTask, updateTask } from '../support/transactions.ts'
import { type TestServer, testServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'
import { expectFor } from '../support/expecting.ts'

const MINUTE = 60_000

function asAdmin({ server, token }: TestServer) {
  const headers = { authorization: `Bearer ${token('root', '', { admin: 'true' })}` }
  return async (method: string, path: string) =>
    await fetch(`${server.url}/api/v1/${path}`, { method, headers })
}

const warnings = (client: RawClient) =>
  client.frames
    .map(({ result }) => result as { event?: number; params?: { timeMinutes: number } } | null)
    .filter((result) => result?.event === 4)
    .map((result) => result?.params)

describe('administration', () => {
  test('SRV-30: maintenance is announced at once, every minute, and to entering clients, until it is cancelled', async () => {
    const server = await testServer({ pingInterval: '3600' }, { fakeTime: true })
    const admin = asAdmin(server)
    const ann = await RawClient.open(server.url, server.token('ann'))
    expect((await admin('PUT', 'manage?operation=maintenance&timeout=3&message=disk')).status).toBe(200)
    await ann.wait(({ result }) => (result as { event?: number } | null)?.event === 4)
    await server.time.advance(MINUTE)
    const bob = await RawClient.open(server.url, server.token('bob', 'w2'))
    await bob.wait(({ result }) => (result as { event?: number } | null)?.event === 4)
    await server.time.advance(MINUTE)
    await ann.request('ping')
    expect(warnings(ann).map((params) => params?.timeMinutes)).toStrictEqual([3, 2, 1])
    expect(warnings(bob)).toStrictEqual([
      { timeMinutes: 2, message: 'disk' },
      { timeMinutes: 1, message: 'disk' },
    ])
    await admin('PUT', 'manage?operation=cancel-maintenance')
    await server.time.advance(10 * MINUTE)
    await ann.request('ping')
    expect(warnings(ann)).toHaveLength(3)
    const late = await RawClient.open(server.url, server.token('cid'))
    await late.request('ping')
    expect(warnings(late)).toStrictEqual([])
    expect((await admin('PUT', 'manage?operation=maintenance&timeout=x')).status).toBe(400)
  })

  test('SRV-31: maintenance ends with a drain where one was requested', async () => {
    const server = await testServer({ pingInterval: '3600' }, { fakeTime: true })
    const ann = await RawClient.open(server.url, server.token('ann'))
    await asAdmin(server)('PUT', 'manage?operation=maintenance&timeout=1&drain=true')
    await server.time.advance(MINUTE + 200)
    const { code, reason } = await ann.waitForClose()
    expect(code).toBe(1012)
    expect(reason).toMatch(/^retry in \d+ ms$/)
  })

  test('SRV-32: statistics show totals to any valid token, and sessions by workspace to administrators only', async () => {
    const server = await testServer()
    await RawClient.open(server.url, server.token('ann'), {}, { sessionId: 's1' })
    const get = async (token: string) => await fetch(`${server.server.url}/api/v1/statistics?token=${token}`)
    const mine = (await (await get(server.token('ann'))).json()) as { sessions: number; workspaces: unknown }
    expect([mine.sessions, mine.workspaces]).toStrictEqual([1, 1])
    expect((await get('nonsense')).status).toBe(401)
    const all = (await (await get(server.token('root', '', { admin: 'true' }))).json()) as {
      workspaces: { id: string; sessions: { sessionId: string }[] }[]
    }
    expect(
      all.workspaces.map(({ id, sessions }) => [id, sessions.map(({ sessionId }) => sessionId)]),
    ).toStrictEqual([['w1', ['s1']]])
  })

  test('SRV-74: statistics are available in the shape of the old admin page too, with sessions for administrators only', async () => {
    const server = await testServer()
    const ann = await RawClient.open(server.url, server.token('ann'), {}, { sessionId: 's1' })
    await ann.request('findAll', ['board:class:Task', {}])
    const get = async (token: string, query = '&format=1') =>
      await fetch(`${server.server.url}/api/v1/statistics?token=${token}${query}`)
    interface Old {
      admin: boolean
      metrics: { measurements: object }
      statistics: { activeSessions: Record<string, { sessions: object[] }> } & Record<string, number>
    }
    const all = (await (await get(server.token('root', '', { admin: 'true' }))).json()) as Old
    const { activeSessions, ...numbers } = all.statistics
    expect(activeSessions).toStrictEqual({
      w1: {
        sessions: [
          {
            userId: 'ann',
            data: { sessionId: 's1', binary: false, mode: 'user' },
            mins5: { find: 1, tx: 0 },
            total: { find: 1, tx: 0 },
            current: { find: 1, tx: 0 },
            upgrade: false,
          },
        ],
        name: 'w1',
        wsId: 'w1',
        sessionsTotal: 1,
        upgrading: false,
        closing: false,
      },
    })
    const names = [
      'memoryUsed',
      'memoryTotal',
      'memoryRSS',
      'cpuUsage',
      'freeMem',
      'totalMem',
      'totalClients',
    ]
    for (const name of names) expectFor(name, typeof numbers[name]).toBe('number')
    expect([all.admin, all.metrics.measurements]).toStrictEqual([true, {}])
    const mine = (await (await get(server.token('ann'))).json()) as Old
    expect([mine.statistics.activeSessions, mine.admin, mine.statistics['totalClients']]).toStrictEqual([
      {},
      false,
      1,
    ])
    expect((await get('nonsense')).status).toBe(401)
    for (const format of ['2', '', '1%20', '__proto__'])
      expectFor(format, (await get(server.token('ann'), `&format=${format}`)).status).toBe(400)
  })

  test('SRV-33: an administrator lists workspaces and sessions, and closes one session for good', async () => {
    const server = await testServer()
    const admin = asAdmin(server)
    const ann = await RawClient.open(server.url, server.token('ann'), {}, { sessionId: 's1' })
    const other = await RawClient.open(server.url, server.token('ann'), {}, { sessionId: 's12' })
    expect(
      ((await (await admin('GET', 'workspaces')).json()) as { id: string }[]).map(({ id }) => id),
    ).toStrictEqual(['w1'])
    expect((await (await admin('GET', 'workspaces/w1/sessions')).json()) as unknown[]).toHaveLength(2)
    expect((await admin('GET', 'workspaces/nope/sessions')).status).toBe(404)
    expect((await admin('DELETE', 'workspaces/w1/sessions/s')).status).toBe(404)
    expect((await admin('DELETE', 'workspaces/w1/sessions/s1')).status).toBe(200)
    expect((await ann.waitForClose()).code).toBe(4203)
    expect(await other.request('ping')).toBe('pong!')
    const forbidden = await fetch(`${server.server.url}/api/v1/workspaces`, {
      headers: { authorization: `Bearer ${server.token('ann')}` },
    })
    expect(forbidden.status).toBe(403)
  })

  test('SRV-71: a stopping server asks a single client not to reconnect before it can have started again', async () => {
    for (let round = 0; round < 5; round++) {
      const server = await testServer()
      const client = await RawClient.open(server.url, server.token('ann'))
      void server.server.stop()
      const { reason } = await client.waitForClose()
      expect(Number(/^retry in (\d+) ms$/.exec(reason)?.[1])).toBeGreaterThanOrEqual(2000)
    }
  })

  test('SRV-34: a stopping server responds to running requests, tells sessions when to reconnect, and admits nobody', async () => {
    const server = await testServer({ storage: 'embedded' })
    const clients = await Promise.all(
      Array.from(
        { length: 20 },
        async (_, at) => await RawClient.open(server.url, server.token(`p${at}`, `w${at % 4}`)),
      ),
    )
    for (const [at, client] of clients.entries())
      client.send({
        id: 1,
        method: 'tx',
        params: [createTask(`t${at}`, { title: 'x' }, { by: `account:p${at}` })],
      })
    await clients[0]?.wait(({ id }) => id === 1)
    const stopping = server.server.stop()
    const closes = await Promise.all(clients.map(async (client) => await client.waitForClose()))
    expect(closes.every(({ code, reason }) => code === 1012 && /^retry in \d+ ms$/.test(reason))).toBe(true)
    expect(new Set(closes.map(({ reason }) => reason)).size).toBeGreaterThan(1)
    const late = new RawClient(server.url, server.token('late'))
    await late.waitForClose()
    await stopping
    expect(server.server.inspect()).toStrictEqual({
      sessions: 0,
      workspaces: 0,
      remembered: 0,
      timers: 0,
      waiting: 0,
      wakeUps: 0,
    })
  })

  test('SRV-35: a workspace without users is closed after the idle timeout, and stays open while it has users', async () => {
    const server = await testServer(
      { idleTimeout: '60', reconnectWindow: '0', pingInterval: '3600' },
      { fakeTime: true },
    )
    const ann = await RawClient.open(server.url, server.token('ann'))
    await server.time.advance(10 * MINUTE)
    expect(server.server.inspect().workspaces).toBe(1)
    await ann.close()
    await waitUntil(() => server.server.inspect().sessions === 0, 'the session going')
    await server.time.advance(59_000)
    const back = await RawClient.open(server.url, server.token('ann'))
    await server.time.advance(5 * MINUTE)
    expect(server.server.inspect().workspaces).toBe(1)
    await back.close()
    await waitUntil(() => server.server.inspect().sessions === 0, 'the session going')
    await server.time.advance(61_000)
    await waitUntil(() => server.server.inspect().workspaces === 0, 'the workspace closing')
  })

  test('SRV-36: a backup session does not count as a user, and keeps a workspace open only while it is connected', async () => {
    const server = await testServer({ idleTimeout: '3600' })
    const tool = await RawClient.open(server.url, server.token('tool', 'w1', { mode: 'backup' }))
    expect((await tool.request('findAll', ['core:class:UserStatus', {}])) as unknown[]).toHaveLength(0)
    await tool.close()
    await waitUntil(() => server.server.inspect().workspaces === 0, 'the workspace closing')
  })

  test('SRV-37: backup methods list, read, restore and remove documents, for backup sessions only', async () => {
    const server = await testServer({ storage: 'embedded' })
    const ann = await RawClient.open(server.url, server.token('ann'))
    for (let at = 0; at < 5; at++) await ann.request('tx', [createTask(`t${at}`, { title: 'x' })])
    for (const method of ['loadChunk', 'closeChunk', 'loadDocs', 'upload', 'clean']) {
      await expect(ann.request(method, ['task', []])).rejects.toThrow(/Forbidden/)
    }
    const tool = await RawClient.open(server.url, server.token('tool', 'w1', { mode: 'backup' }))
    const chunk = (await tool.request('loadChunk', ['task'])) as {
      idx: number
      docs: { id: string; hash: string; size: number }[]
      finished: boolean
    }
    expect([chunk.docs.map(({ id }) => id), chunk.finished]).toStrictEqual([
      ['t0', 't1', 't2', 't3', 't4'],
      true,
    ])
    const docs = (await tool.request('loadDocs', ['task', ['t1', 't2']])) as { _id: string }[]
    expect(docs.map(({ _id }) => _id).sort()).toStrictEqual(['t1', 't2'])
    await tool.request('clean', ['task', ['t1', 't2', 't3']])
    await tool.request('upload', ['task', docs])
    const left = (await ann.request('findAll', ['board:class:Task', {}])) as { _id: string }[]
    expect(left.map(({ _id }) => _id)).toStrictEqual(['t0', 't1', 't2', 't4'])
    await tool.request('closeChunk', [chunk.idx])
  })

  test('SRV-38: a request that takes longer than 30 seconds is reported once', async () => {
    const { SlowRequestLog } = await import('../../server/requests/slow-request-log.ts')
    const { TimerWheel } = await import('../../server/time/timer-wheel.ts')
    const server = await testServer({}, { fakeTime: true })
    const wheel = new TimerWheel(server.time)
    const watch = new SlowRequestLog({ logger: server.log, wheel, monotonic: server.time.monotonic })
    watch.started({ id: 's1' }, { id: 1, method: 'findAll', params: [] })
    const done = watch.started({ id: 's2' }, { id: 1, method: 'tx', params: [] })
    await server.time.advance(20_000)
    done()
    await server.time.advance(5 * MINUTE)
    const reports = server.log.lines.filter(({ message }) => message === 'a request takes long')
    expect(reports.map(({ fields }) => (fields as { session: string }).session)).toStrictEqual(['s1'])
    watch.stop()
    wheel.stop()
  })

  test('SRV-39: metrics count connections, messages by type, requests, commits, workspaces and closes', async () => {
    const server = await testServer()
    const ann = await RawClient.open(server.url, server.token('ann'))
    await ann.request('tx', [createTask('t1', { title: 'x' })])
    await ann.waitForPush((tx) => tx['objectId'] === 't1')
    const text = async () => await (await fetch(`${server.server.url}/metrics`)).text()
    const value = (page: string, name: string) =>
      Number(
        page
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.split(' ')[1],
      )
    const open = await text()
    expect(value(open, 'atrium_connections_total')).toBe(1)
    expect(value(open, 'atrium_sessions{mode="user"}')).toBe(1)
    expect(value(open, 'atrium_workspaces{state="open"}')).toBe(1)
    expect(value(open, 'atrium_request_duration_seconds_count{method="tx"}')).toBe(1)
    expect(value(open, 'atrium_sent_messages_total{type="push"}')).toBeGreaterThanOrEqual(1)
    expect(value(open, 'atrium_commits_total')).toBeGreaterThanOrEqual(1)
    // An announcement is not a commit, and a silent transaction is one.
    const txes = [updateTask('t1', { rank: 'r' }), updateTask('t1', { rank: 's' })]
    const silent = applyIf({ txes, notify: false, extraNotify: ['board:class:Task'] })
    await ann.request('tx', [silent])
    const later = await text()
    for (const name of ['atrium_commits_total', 'atrium_commit_group_size_sum'])
      expectFor(name, value(later, name) - value(open, name)).toBe(2)
    await ann.close()
    await waitUntil(
      async () => value(await text(), 'atrium_closed_connections_total{code="1005"}') === 1,
      'the close being counted',
    )
  })
})
