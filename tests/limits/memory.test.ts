import { describe, expect, test } from '@jest/globals'
import { MemoryBudget } from '../../server/memory/memory-budget.ts'
import { defaultMemory, memoryUse } from '../../server/memory/process-memory.ts'
import { RawClient } from '../support/raw-client.ts'
import { RawSocket, textFrame, upgradeHead } from '../support/raw-socket.ts'
import { TestLog, testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'

const MIB = 1024 * 1024

describe('memory', () => {
  test('LIM-132: beyond the budget caches are dropped and the largest holders give way, until the use is well below it', () => {
    const use = { rss: 900, heap: 10 }
    let [dropped, collected, now] = [0, 0, 0]
    const gone: number[] = []
    const holders = [100, 3, 2, 1].map((size) => ({
      heldBytes: size * 100_000,
      giveWay: () => {
        gone.push(size)
        use.rss -= size
      },
    }))
    const log = new TestLog()
    const budget = new MemoryBudget({
      limits: { rss: 1000, heap: 100 },
      use: () => use,
      holders: () => holders.filter(({ heldBytes }) => !gone.includes(heldBytes / 100_000)),
      dropCaches: () => (dropped += 1),
      collectGarbage: () => (collected += 1),
      now: () => now,
      logger: log,
    })
    budget.check()
    expect([budget.isShort, dropped, gone]).toStrictEqual([false, 0, []])
    use.rss = 1050
    budget.check()
    expect([budget.isShort, dropped, gone, budget.gaveWay]).toStrictEqual([true, 1, [100], 1])
    use.rss = 950
    budget.check()
    expect(budget.isShort).toBe(true)
    use.rss = 890
    budget.check()
    expect([budget.isShort, dropped, collected]).toStrictEqual([false, 1, 1])
    // Nobody is left to give way: malloc keeps what was freed, so refusing work any longer does not help.
    use.rss = 1200
    gone.push(3, 2, 1)
    budget.check()
    now = 4000
    budget.check()
    expect(budget.isShort).toBe(true)
    now = 6000
    budget.check()
    expect(budget.isShort).toBe(false)
    use.rss = 1240
    budget.check()
    expect(budget.isShort).toBe(false)
    use.rss = 1260
    budget.check()
    expect(budget.isShort).toBe(true)
    use.rss = 800
    budget.check()
    expect(budget.isShort).toBe(false)
    // The heap of V8 has a limit of its own.
    use.heap = 101
    now = 20_000
    budget.check()
    expect([budget.isShort, dropped, collected]).toStrictEqual([true, 4, 2])
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(4)
  })

  test('LIM-133: while memory is short new work and new sessions are refused with Overloaded, pings and administrators are not, and work goes on afterwards', async () => {
    let rss = 100 * MIB
    const { url, token } = await testServer(
      { memory: String(512 * MIB) },
      { memoryUse: () => ({ rss, heap: 0 }) },
    )
    const ann = await RawClient.open(url, token('ann'))
    const admin = await RawClient.open(url, token('root', 'w1', { admin: 'true' }))
    rss = 600 * MIB
    const overloaded = { code: 'platform:status:Overloaded', params: { retryAfter: 1000 } }
    await waitUntil(
      async () => (await ann.ask('findAll', ['board:class:Task', {}])).error !== undefined,
      'a refusal',
    )
    const refused = await ann.ask('tx', [createTask('t1', { title: 'x' })])
    expect(refused.error).toMatchObject(overloaded)
    expect(await ann.request('ping')).toBe('pong!')
    expect(await admin.request('findAll', ['board:class:Task', {}])).toHaveLength(0)
    const late = new RawClient(url, token('late'))
    expect((await late.wait((frame) => frame.error !== undefined)).error).toMatchObject(overloaded)
    expect((await late.waitForClose()).code).toBe(1013)
    rss = 100 * MIB
    await waitUntil(
      async () => (await ann.ask('findAll', ['board:class:Task', {}])).error === undefined,
      'an answer',
    )
    await ann.request('tx', [createTask('t1', { title: 'x' })])
  })

  test('LIM-138: a server that is short of memory, or stops, is alive and not ready', async () => {
    let rss = 100 * MIB
    const { server } = await testServer(
      { memory: String(512 * MIB) },
      { memoryUse: () => ({ rss, heap: 0 }) },
    )
    const asked = async (path: string) => {
      const response = await fetch(`${server.url}${path}`)
      return [response.status, await response.json()]
    }
    expect(await asked('/health')).toStrictEqual([200, { status: 'ok', live: true, ready: true }])
    expect(await asked('/health/ready')).toStrictEqual([200, { ready: true, status: 'ok' }])
    rss = 600 * MIB
    await waitUntil(async () => (await asked('/health'))[0] === 503, 'the server not being ready')
    expect(await asked('/health/ready')).toStrictEqual([503, { ready: false, status: 'overloaded' }])
    expect(await asked('/health/live')).toStrictEqual([200, { live: true }])
  })

  test('LIM-140: a session that has sent a part of a large message gives way while memory is short, and others stay', async () => {
    let rss = 100 * MIB
    const { url, token } = await testServer(
      { memory: String(512 * MIB) },
      { memoryUse: () => ({ rss, heap: 0 }) },
    )
    const [ann, bob] = [await RawClient.open(url, token('ann')), await RawClient.open(url, token('bob'))]
    const eve = await RawSocket.open(Number(new URL(url).port))
    eve.write(upgradeHead(`/${token('eve')}`))
    await eve.receives('\r\n\r\n')
    eve.write(textFrame(Buffer.alloc(MIB), 50 * MIB))
    await ann.request('ping')
    rss = 600 * MIB
    await eve.closed()
    rss = 100 * MIB
    await ann.request('ping')
    expect([ann.closed, bob.closed]).toStrictEqual([undefined, undefined])
  })

  test('LIM-134: the default budget is a part of what the container or the machine has, and more than a server uses', () => {
    expect(defaultMemory()).toBeGreaterThan(256 * MIB)
    expect(memoryUse().rss).toBeLessThan(defaultMemory())
  })
})
