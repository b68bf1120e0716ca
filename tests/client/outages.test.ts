import { expect, test } from '@jest/globals'
import { ConnectionFixture } from '../support/connection-fixture.ts'
import { createTask } from '../support/transactions.ts'
import { note } from '../support/note.ts'
import { expectFor } from '../support/expecting.ts'
import { testSeed } from '../support/property-parameters.ts'

const OUTAGES = 100
/** Milliseconds after the network’s return until 99 of 100 clients are connected. */
const BAR = 5000

for (const kind of ['refused', 'dark'] as const) {
  test(`SDK-19: after a long outage in which everything is ${kind === 'dark' ? 'swallowed' : kind} 99 of 100 clients are connected within five seconds`, async () => {
    const seed = testSeed()
    const late: number[] = []
    for (let run = 0; run < OUTAGES; run++) {
      const fixture = new ConnectionFixture({ dialTimeout: 20_000, random: seeded(seed + run) })
      const { connection, line, time, core } = fixture
      let isOut = false
      line.delay = () => 40
      if (kind === 'dark') line.isDark = () => isOut
      else line.isDown = () => isOut
      connection.start()
      await fixture.until('ready')
      isOut = true
      if (kind === 'refused') connection.reconnect('cut')
      // Long enough for the silence to be detected, and for waits to reach their maximum.
      await time.advance(120_000 + seeded(seed * 7 + run)() * 1_200_000)
      expect(connection.state.phase).not.toBe('ready')
      isOut = false
      const back = time.now()
      for (let step = 0; connection.state.phase !== 'ready' && step < 4000; step++) {
        await time.advance(10)
        await core.settle()
      }
      late.push(time.now() - back)
      connection.terminate()
      await time.advance(60_000)
    }
    late.sort((a, b) => a - b)
    const p99 = late[Math.ceil(late.length * 0.99) - 1] ?? Infinity
    expectFor(`p99 ${p99} ms, most ${late.at(-1)} ms`, p99).toBeLessThanOrEqual(BAR)
    note(`p50 ${late[late.length >> 1]} ms, p99 ${p99} ms, most ${late.at(-1)} ms`)
  })
}

test('SDK-19: any response of the server ends the waits for the network, and overload has waits of its own', async () => {
  const fixture = new ConnectionFixture()
  const { connection, line, time } = fixture
  line.isDown = () => true
  connection.start()
  await time.advance(300_000)
  expect(connection.state.retries).toBeGreaterThan(50)
  // Another server, which refuses connections because of its limit.
  fixture.restartWith({ maxSessions: '1' })
  fixture.core.connect({ email: 'bob', workspace: 'w1' })
  line.isDown = () => false
  const waits: number[] = []
  const waited = () => (connection.state.retryAt ?? 0) - time.now()
  while (waits.length < 6) {
    await time.advance(5)
    const { phase, lastClose } = connection.state
    if (phase !== 'disconnected' || lastClose?.code !== 1013) continue
    waits.push(Math.round(waited() / 100) * 100)
    await fixture.until('connecting')
  }
  expect(waits).toStrictEqual([1500, 3000, 6000, 12_000, 22_500, 22_500])
})

/** A ready connection whose messages are lost during the outage. */
async function connected() {
  const fixture = new ConnectionFixture()
  const outage = { isOn: false }
  fixture.connection.start()
  await fixture.until('ready')
  fixture.line.isDark = () => outage.isOn
  return { fixture, outage }
}

test('SDK-24: a half-open line is left a minute after its last message, whatever waits for a response', async () => {
  for (const request of ['none', 'tx', 'findAll'] as const) {
    const { fixture, outage } = await connected()
    const { connection, time } = fixture
    await time.advance(100_000)
    outage.isOn = true
    const since = time.now()
    await time.advance(20_000)
    if (request === 'tx') connection.request('tx', [createTask('t1', { title: 'x' })]).catch(() => undefined)
    if (request === 'findAll') connection.request('findAll', ['board:class:Task', {}]).catch(() => undefined)
    await fixture.until('disconnected', 61_000)
    expectFor(`${request}: after ${time.now() - since} ms`, time.now() - since).toBeLessThanOrEqual(60_000)
    expect(connection.state.lastClose?.reason ?? '').toMatch(/^silent for 60000 ms$/)
    outage.isOn = false
    await fixture.until('ready', 5000)
    connection.terminate()
  }
})

test('SDK-25: a date that is set back or ahead neither keeps a dead line nor ends a live one', async () => {
  for (const step of [-3_600_000, 3_600_000]) {
    const { fixture, outage } = await connected()
    const { connection, time } = fixture
    time.setDate(step)
    await time.advance(300_000)
    expect(connection.state.connectionCount).toBe(1)
    outage.isOn = true
    time.setDate(step)
    await time.advance(61_000)
    expect(connection.state.phase).not.toBe('ready')
    outage.isOn = false
    time.setDate(-step)
    await fixture.until('ready', 5000)
    connection.terminate()
  }
})

test('SDK-18: without a network the phase is offline, also at the start, and the return of the network is detected', async () => {
  const fixture = new ConnectionFixture()
  const { connection, time } = fixture
  fixture.network('offline')
  connection.start()
  const waiting = connection.request('ping', [])
  await time.advance(60_000)
  expect(fixture.states).toStrictEqual(['offline'])
  expect(connection.state.retryAt).toBeUndefined()
  fixture.network('online')
  expect((await fixture.settled(waiting)).result).toBe('pong!')
  // An existing connection is left at once: it cannot work.
  fixture.network('offline')
  expect(connection.state.phase).toBe('offline')
  expect(connection.state.lastClose?.reason).toBe('the network is gone')
  // No event reports that the network is back.
  fixture.online = true
  await fixture.until('ready', 5000)
  fixture.network('offline')
  connection.stop()
  connection.restart()
  expect(connection.state.phase).toBe('offline')
  fixture.network('visible')
  await fixture.until('ready', 1000)
})

test('SDK-18: a connection attempt that began without a network is restarted when the network returns', async () => {
  const fixture = new ConnectionFixture({ dialTimeout: 60_000 })
  const { connection, line, time } = fixture
  let isOut = true
  line.isDark = () => isOut
  connection.start()
  await time.advance(8000)
  expect(connection.state.phase).toBe('connecting')
  isOut = false
  fixture.network('online')
  await fixture.until('ready', 100)
})

function seeded(seed: number): () => number {
  let state = (Math.imul(seed, 2_654_435_761) ^ 0x9e3779b9) >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}
