// Kills and restarts a server under load, for as long as you like: `npm run bench:crash -- --rounds 200 --seed 1`.
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { crashRounds, type RoundReport } from '../tests/crash/rounds.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    writers: { type: 'string', default: '50' },
  },
})

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function describe({ round, lived, acknowledged, unanswered, survived }: RoundReport): string {
  const fates = `${unanswered} unanswered, of which ${survived} were committed`
  return `round ${round}: killed after ${lived} ms; ${acknowledged} acknowledged, ${fates}`
}

function summary(reports: readonly RoundReport[]): string {
  const sum = (of: 'acknowledged' | 'unanswered' | 'survived') =>
    reports.reduce((total, report) => total + report[of], 0)
  return [
    `${reports.length} kills: all ${sum('acknowledged')} acknowledged transactions are there, once, without a gap;`,
    `${sum('unanswered')} unanswered ones were sent again, ${sum('survived')} of them were committed before: each took effect once`,
  ].join(' ')
}

print(`seed ${values.seed}`)
const [rounds, seed, writers] = [Number(values.rounds), Number(values.seed), Number(values.writers)]
print(summary(await crashRounds({ rounds, seed, writers, report: (report) => print(describe(report)) })))
