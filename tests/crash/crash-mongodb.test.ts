import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withEachMongo } from '../services/with-mongo.ts'
import { mongoBackend } from './backend.ts'
import { seedOf } from './random.ts'
import { crashRounds, type RoundReport } from './rounds.ts'

const writers = 30

function checkLoad(rounds: readonly RoundReport[]): void {
  const sum = (of: 'acknowledged' | 'unanswered') => rounds.reduce((total, round) => total + round[of], 0)
  assert.ok(sum('acknowledged') > 0, 'writers were at work')
  assert.ok(sum('unanswered') > writers, 'servers were killed at work')
}

await withEachMongo((service) => {
  const { name, outage } = service
  const backend = () => mongoBackend(service)

  test(`STO-52: after a kill over MongoDB, each acknowledged transaction is there once and seq has no gap (${name})`, async (t) => {
    checkLoad(await crashRounds({ backend, rounds: 6, seed: seedOf(t), writers }))
  })

  if (outage?.how !== 'kill -9') return

  test(`STO-111: after a kill of the database and the server each acknowledged transaction is there once (${name})`, async (t) => {
    checkLoad(await crashRounds({ backend, rounds: 4, seed: seedOf(t), writers, outage }))
  })
})
