import assert from 'node:assert/strict'
import { test } from 'node:test'
import jwt from 'jsonwebtoken'
import { ConnectionFixture } from '../support/connection-fixture.ts'
import { TEST_SECRET } from '../support/test-server.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Connects, and lets steps of time pass, each of so many milliseconds. */
async function connectedFor(
  fixture: ConnectionFixture,
  steps: number,
  milliseconds: number,
  before: (step: number) => void = () => undefined,
): Promise<void> {
  const { connection, time, core } = fixture
  connection.start()
  await fixture.until('ready')
  for (let step = 0; step < steps; step++) {
    before(step)
    await time.advance(milliseconds)
    await core.settle()
  }
}

for (const [name, skew] of [
  ['as it is', 0],
  ['an hour ahead', HOUR],
  ['an hour behind', -HOUR],
  ['nine minutes ahead', 9 * MINUTE],
  ['years ahead', 20_000 * HOUR],
] as const) {
  test(`SDK-14: with the device’s date ${name} a token of ten minutes is renewed in time, and not more often`, async (t) => {
    const fixture = new ConnectionFixture(t)
    fixture.tokenLife = 600
    fixture.skew = skew
    const { connection, asked } = fixture
    await connectedFor(fixture, 60, MINUTE)
    assert.deepEqual([connection.state.phase, connection.state.connectionCount], ['ready', 1])
    const renewals = asked.filter(({ isFresh }) => isFresh).length
    assert.ok(renewals >= 6 && renewals <= 7, `${renewals} renewals`)
  })
}

test('SDK-14: a date that is set while connected changes nothing', async (t) => {
  const fixture = new ConnectionFixture(t)
  fixture.tokenLife = 600
  const { connection, asked } = fixture
  await connectedFor(fixture, 60, MINUTE, (minute) => {
    fixture.skew = [HOUR, -HOUR, 0, 300 * HOUR][minute % 4] ?? 0
  })
  assert.equal(connection.state.connectionCount, 1)
  const renewals = asked.filter(({ isFresh }) => isFresh).length
  assert.ok(renewals >= 6 && renewals <= 7, `${renewals} renewals`)
})

for (const skew of [HOUR, -HOUR, 0])
  test(`SDK-14: a token that does not say when it was made is renewed by the date, or when the server wants another (${skew / HOUR} h)`, async (t) => {
    const fixture: ConnectionFixture = new ConnectionFixture(t, { getToken: () => withoutIat(fixture) })
    fixture.skew = skew
    const { connection } = fixture
    await connectedFor(fixture, 60, MINUTE)
    await fixture.until('ready', 1000)
    assert.ok(connection.state.connectionCount <= (skew === 0 ? 1 : 8), `${connection.state.connectionCount}`)
  })

/** For ten minutes. */
function withoutIat({ time }: ConnectionFixture): string {
  const exp = Math.floor(time.now() / 1000) + 600
  return jwt.sign({ email: 'ann', workspace: 'w1', exp }, TEST_SECRET, { noTimestamp: true })
}

test('SDK-14: tokens that live for moments are renewed every three seconds at most', async (t) => {
  const fixture = new ConnectionFixture(t)
  fixture.tokenLife = 1
  const { connection, asked } = fixture
  await connectedFor(fixture, 60, 1000)
  const perConnection = asked.length / connection.state.connectionCount
  assert.ok(
    perConnection <= 1.5,
    `${asked.length} tokens for ${connection.state.connectionCount} connections`,
  )
})

test('SDK-14: a renewal that fails is tried again before the token expires', async (t) => {
  let renewals = 0
  const fixture: ConnectionFixture = new ConnectionFixture(t, {
    getToken: async ({ isFresh }) => {
      if (isFresh && ++renewals % 2 === 1) throw new Error('the network of the token’s server')
      await Promise.resolve()
      return fixture.token('ann')
    },
  })
  fixture.tokenLife = 600
  const { connection } = fixture
  await connectedFor(fixture, 60, MINUTE)
  assert.equal(connection.state.connectionCount, 1)
  assert.ok(renewals >= 12, `${renewals}`)
})
