import { expect, test } from '@jest/globals'
import { withEachMongo } from '../services/with-mongo.ts'
import { faultRounds, type FaultReport } from './fault-rounds.ts'
import { note } from '../support/note.ts'
import { testSeed } from '../support/property-parameters.ts'

const writers = 30

function tell(rounds: readonly FaultReport[]): void {
  for (const { round, fault, acknowledged, refused } of rounds)
    note(`round ${round}: ${fault}; ${acknowledged} acknowledged, ${refused} refused`)
}

await withEachMongo((service) => {
  const { name, outage } = service

  test(`STO-53: a server survives outages, cut and stalled connections, and neither loses nor doubles a transaction (${name})`, async () => {
    const rounds = await faultRounds({ service, rounds: 8, seed: testSeed(), writers })
    tell(rounds)
  })

  if (outage?.how !== 'kill -9') return

  test(`STO-111: a server survives kills of the database, and neither loses nor doubles a transaction (${name})`, async () => {
    const rounds = await faultRounds({ service, rounds: 4, seed: testSeed(), writers, kinds: ['outage'] })
    tell(rounds)
    expect(rounds.every(({ fault }) => fault === 'kill -9')).toBe(true)
  })
})
