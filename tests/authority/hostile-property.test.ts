import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostileRun } from './hostile-run.ts'

/** Runs from pinned seeds; `npm run fuzz:authority -- --runs N --seed S` takes others. */
const RUNS = 1000
const SEED = 1

test('AUTH-17: what is known in memory equals a fresh look; AUTH-18: no hostile member changes or sees what the reference does not allow', async () => {
  let [sent, accepted] = [0, 0]
  for (let at = 0; at < RUNS; at++) {
    const summary = await hostileRun(SEED + at).catch((error: unknown) => {
      throw new Error(`seed ${SEED + at}: ${String(error)}`, { cause: error })
    })
    sent += summary.sent
    accepted += summary.accepted
  }
  assert.ok(accepted > sent / 20, `${accepted} of ${sent} were accepted`)
})
