import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { withEachMongo } from '../services/with-mongo.ts'
import { faultRounds, type FaultReport } from './fault-rounds.ts'
import { seedOf } from './random.ts'

const writers = 30

function tell(context: TestContext, rounds: readonly FaultReport[]): void {
  for (const { round, fault, acknowledged, refused } of rounds)
    context.diagnostic(`round ${round}: ${fault}; ${acknowledged} acknowledged, ${refused} refused`)
}

await withEachMongo((service) => {
  const { name, outage } = service

  test(`STO-53: a server lives through outages, cut and stalled connections, and loses and doubles nothing (${name})`, async (t) => {
    const rounds = await faultRounds({ service, rounds: 8, seed: seedOf(t), writers })
    tell(t, rounds)
  })

  if (outage?.how !== 'kill -9') return

  test(`STO-111: a server lives through kills of the database, and loses and doubles nothing (${name})`, async (t) => {
    const rounds = await faultRounds({ service, rounds: 4, seed: seedOf(t), writers, kinds: ['outage'] })
    tell(t, rounds)
    assert.ok(rounds.every(({ fault }) => fault === 'kill -9'))
  })
})
