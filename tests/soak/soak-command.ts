// `npm run soak -- --minutes 30 --seed 1`
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { soak } from './soak.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, seed: { type: 'string' } },
})
const seed = Number(values.seed ?? randomInt(2 ** 31))
process.stdout.write(`seed ${seed}, ${values.minutes} minutes\n`)
const report = await soak({
  seconds: Number(values.minutes) * 60,
  seed,
  report: (line) => process.stdout.write(`${line}\n`),
})
process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
