import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { fuzz } from './fuzz.ts'

const RUNS = 60

test('SDK-22: over lines that fail everywhere, clients end up as the server, nothing acknowledged is lost or doubled, nothing is left', async (t) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? randomInt(1e9))
  t.diagnostic(`seed ${seed}`)
  const summary = await fuzz(RUNS, seed)
  t.diagnostic(JSON.stringify(summary))
  assert.ok(summary.acknowledged > RUNS * 3)
  assert.ok(summary.connections > RUNS * 3)
})
