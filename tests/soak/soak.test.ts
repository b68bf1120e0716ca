import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { soak } from './soak.ts'

/** Of disturbances. What follows takes a moment more. */
const SECONDS = 120

test(
  'SRV-90: with every fault at once nothing acknowledged is lost or doubled, and everybody sees what is there',
  { timeout: 300_000 },
  async (t) => {
    const seed = Number(process.env['SOAK_SEED'] ?? randomInt(2 ** 31))
    t.diagnostic(`SOAK_SEED=${seed}`)
    t.diagnostic(JSON.stringify(await soak({ seconds: SECONDS, seed })))
  },
)
