// `npm run fuzz:authority -- --runs 50000 --seed 1`
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { hostileRun } from './hostile-run.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '50000' }, seed: { type: 'string' } },
})
const runs = Number(values.runs)
const seed = Number(values.seed ?? randomInt(1e9))
process.stdout.write(`seed ${seed}\n`)
let [sent, accepted] = [0, 0]
for (let at = 0; at < runs; at++) {
  try {
    const summary = await hostileRun(seed + at)
    sent += summary.sent
    accepted += summary.accepted
  } catch (error) {
    process.stdout.write(`failed with seed ${seed + at}\n`)
    throw error
  }
  if ((at + 1) % 1000 === 0) process.stdout.write(`${at + 1} runs, ${accepted} of ${sent} accepted\n`)
}
