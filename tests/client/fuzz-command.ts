// `npm run fuzz:client -- --runs 10000 --seed 1`
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { fuzz } from './fuzz.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '10000' }, seed: { type: 'string' } },
})
const seed = Number(values.seed ?? randomInt(1e9))
process.stdout.write(`seed ${seed}\n`)
const summary = await fuzz(Number(values.runs), seed, ({ runs, acknowledged, connections }) => {
  if (runs % 500 === 0)
    process.stdout.write(`${runs} runs, ${acknowledged} acknowledged, ${connections} connections\n`)
})
process.stdout.write(`${JSON.stringify(summary)}\n`)
