import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { embeddedBackend } from './backend.ts'
import { crashRounds } from './rounds.ts'

test('PIPE-30: after a kill, each acknowledged transaction is there once and seq has no gap', async (t) => {
  const seed = Number(process.env['CRASH_SEED'] ?? randomInt(2 ** 31))
  t.diagnostic(`CRASH_SEED=${seed}`)
  const rounds = await crashRounds({ backend: embeddedBackend, rounds: 20, seed, writers: 50 }).catch(
    (error: unknown) => {
      throw new Error(`failed with CRASH_SEED=${seed}`, { cause: error })
    },
  )
  const sum = (of: 'acknowledged' | 'unanswered') => rounds.reduce((total, round) => total + round[of], 0)
  assert.ok(sum('acknowledged') > 1000, 'writers were at work')
  assert.ok(sum('unanswered') > 100, 'servers were killed at work')
})
