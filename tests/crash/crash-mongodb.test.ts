import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { withEachMongo } from '../services/with-mongo.ts'
import { mongoBackend } from './backend.ts'
import { faultRounds } from './fault-rounds.ts'
import { crashRounds } from './rounds.ts'

function seedOf(context: TestContext): number {
  const seed = Number(process.env['CRASH_SEED'] ?? randomInt(2 ** 31))
  context.diagnostic(`CRASH_SEED=${seed}`)
  return seed
}

await withEachMongo((service) => {
  test(`STO-52: after a kill over MongoDB, each acknowledged transaction is there once and seq has no gap (${service.name})`, async (t) => {
    const seed = seedOf(t)
    const rounds = await crashRounds({
      backend: () => mongoBackend(service.url),
      rounds: 20,
      seed,
      writers: 50,
    })
    const sum = (of: 'acknowledged' | 'unanswered') => rounds.reduce((total, round) => total + round[of], 0)
    assert.ok(sum('acknowledged') > 100, 'writers were at work')
    assert.ok(sum('unanswered') > 100, 'servers were killed at work')
  })

  test(`STO-53: a server lives through outages, cut and stalled connections, and loses and doubles nothing (${service.name})`, async (t) => {
    const seed = seedOf(t)
    const rounds = await faultRounds({ service, rounds: 20, seed, writers: 50 })
    for (const { round, fault, acknowledged, refused } of rounds)
      t.diagnostic(`round ${round}: ${fault}; ${acknowledged} acknowledged, ${refused} refused`)
    assert.ok(
      rounds.some(({ refused }) => refused > 0),
      'some were told that storage is away',
    )
  })
})
