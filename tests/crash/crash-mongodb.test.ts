import { expect, test } from '@jest/globals'
import { withEachMongo } from '../services/with-mongo.ts'
import { mongoBackend } from './backend.ts'
import { crashRounds, type RoundReport } from './rounds.ts'
import { testSeed } from '../support/property-parameters.ts'

const writers = 30

function checkLoad(rounds: readonly RoundReport[]): void {
  const sum = (of: 'acknowledged' | 'unanswered') => rounds.reduce((total, round) => total + round[of], 0)
  // Writers were active.
  expect(sum('acknowledged')).toBeGreaterThan(0)
  // Servers were killed under load.
  expect(sum('unanswered')).toBeGreaterThan(writers)
}

await withEachMongo((service) => {
  const { name, outage } = service
  const backend = () => mongoBackend(service)

  test(`STO-52: after a kill over MongoDB, each acknowledged transaction exists once and seq has no gap (${name})`, async () => {
    checkLoad(await crashRounds({ backend, rounds: 6, seed: testSeed(), writers }))
  })

  if (outage?.how !== 'kill -9') return

  test(`STO-111: after a kill of the database and the server, each acknowledged transaction exists once (${name})`, async () => {
    checkLoad(await crashRounds({ backend, rounds: 4, seed: testSeed(), writers, outage }))
  })
})
