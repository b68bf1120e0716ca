import { expect, test } from '@jest/globals'
import { embeddedBackend } from './backend.ts'
import { crashRounds } from './rounds.ts'
import { testSeed } from '../support/property-parameters.ts'

test('PIPE-30: after a kill, each acknowledged transaction exists once and seq has no gap', async () => {
  const seed = testSeed()
  const rounds = await crashRounds({ backend: embeddedBackend, rounds: 20, seed, writers: 50 }).catch(
    (error: unknown) => {
      throw new Error(`failed with SEED=${seed}`, { cause: error })
    },
  )
  const sum = (of: 'acknowledged' | 'unanswered') => rounds.reduce((total, round) => total + round[of], 0)
  // Writers were active.
  expect(sum('acknowledged')).toBeGreaterThan(1000)
  // Servers were killed under load.
  expect(sum('unanswered')).toBeGreaterThan(100)
})
