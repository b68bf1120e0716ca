import { describe, expect, test } from '@jest/globals'
import jwt from 'jsonwebtoken'
import { ConnectionFixture } from '../support/connection-fixture.ts'
import { TEST_SECRET } from '../support/test-server.ts'
import { expectFor } from '../support/expecting.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Connects, and advances time in steps of so many milliseconds. */
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

describe('token renewal of the client', () => {
  test.each([
    ['as it is', 0],
    ['an hour ahead', HOUR],
    ['an hour behind', -HOUR],
    ['nine minutes ahead', 9 * MINUTE],
    ['years ahead', 20_000 * HOUR],
  ] as const)(
    'SDK-14: with the device’s date %s a token of ten minutes is renewed in time, and not more often',
    async (_name, skew) => {
      const fixture = new ConnectionFixture()
      fixture.tokenLife = 600
      fixture.skew = skew
      const { connection, asked } = fixture
      await connectedFor(fixture, 60, MINUTE)
      expect([connection.state.phase, connection.state.connectionCount]).toStrictEqual(['ready', 1])
      const renewals = asked.filter(({ isFresh }) => isFresh).length
      expect(renewals).toBeGreaterThanOrEqual(6)
      expect(renewals).toBeLessThanOrEqual(7)
    },
  )

  test('SDK-14: a date that is set while the client is connected changes nothing', async () => {
    const fixture = new ConnectionFixture()
    fixture.tokenLife = 600
    const { connection, asked } = fixture
    await connectedFor(fixture, 60, MINUTE, (minute) => {
      fixture.skew = [HOUR, -HOUR, 0, 300 * HOUR][minute % 4] ?? 0
    })
    expect(connection.state.connectionCount).toBe(1)
    const renewals = asked.filter(({ isFresh }) => isFresh).length
    expect(renewals).toBeGreaterThanOrEqual(6)
    expect(renewals).toBeLessThanOrEqual(7)
  })

  for (const skew of [HOUR, -HOUR, 0])
    test(`SDK-14: a token without an issue time is renewed by the date, or when the server requests another one (${skew / HOUR} h)`, async () => {
      const fixture: ConnectionFixture = new ConnectionFixture({ getToken: () => withoutIat(fixture) })
      fixture.skew = skew
      const { connection } = fixture
      await connectedFor(fixture, 60, MINUTE)
      await fixture.until('ready', 1000)
      expect(connection.state.connectionCount).toBeLessThanOrEqual(skew === 0 ? 1 : 8)
    })

  /** For ten minutes. */
  function withoutIat({ time }: ConnectionFixture): string {
    const exp = Math.floor(time.now() / 1000) + 600
    return jwt.sign({ email: 'ann', workspace: 'w1', exp }, TEST_SECRET, { noTimestamp: true })
  }

  test('SDK-14: tokens with a very short lifetime are renewed every three seconds at most', async () => {
    const fixture = new ConnectionFixture()
    fixture.tokenLife = 1
    const { connection, asked } = fixture
    await connectedFor(fixture, 60, 1000)
    const perConnection = asked.length / connection.state.connectionCount
    expectFor(
      `${asked.length} tokens for ${connection.state.connectionCount} connections`,
      perConnection,
    ).toBeLessThanOrEqual(1.5)
  })

  test('SDK-14: a failed renewal is tried again before the token expires', async () => {
    let renewals = 0
    const fixture: ConnectionFixture = new ConnectionFixture({
      getToken: async ({ isFresh }) => {
        if (isFresh && ++renewals % 2 === 1) throw new Error('the network of the token’s server')
        await Promise.resolve()
        return fixture.token('ann')
      },
    })
    fixture.tokenLife = 600
    const { connection } = fixture
    await connectedFor(fixture, 60, MINUTE)
    expect(connection.state.connectionCount).toBe(1)
    expect(renewals).toBeGreaterThanOrEqual(12)
  })
})
