import type { LoadAnswers } from '../load-child.ts'
import type { SqliteAnswers } from '../sqlite-child.ts'
import type { Child } from '../support/child.ts'
import type { Plan } from '../support/plan.ts'
import type { Work } from '../support/requests.ts'
import { populate } from '../support/populate.ts'
import { printFigure } from '../support/report.ts'
import { startAtrium, token, withClients } from '../support/server.ts'
import { spreadOf } from '../support/spread.ts'

const BAR = { value: 8000, better: 'higher' } as const
const MOST = 64

/** Durable commits per second over the wire: each writer waits for its response before it sends the next one. */
export async function measureCommits(data: string, plan: Plan, sqlite: Child<SqliteAnswers>): Promise<void> {
  await populate(data, 'commits', 0)
  const server = startAtrium(data)
  try {
    const measure = async (
      writers: number,
      name: string,
      more: { broadcast?: boolean; bare?: string; work?: Work } = {},
    ) => {
      const tokens = Array.from({ length: writers }, () => token('commits'))
      const bare = more.bare === undefined ? undefined : () => bareCommits(sqlite, plan, writers)
      const spent = async () => await server.ask('processorTime')
      const run = async (load: Child<LoadAnswers>) =>
        await commits({ load, plan, work: more.work ?? 'commit', bare, spent })
      const { spread, note, peer } = await withClients(server, tokens, run, more.broadcast)
      const beside = more.bare === undefined ? {} : { peer: { name: more.bare, spread: peer } }
      const bar = writers === MOST && more.bare !== undefined ? { bar: BAR } : {}
      printFigure({ name, unit: 'commits/s', spread, note, ...beside, ...bar })
    }
    await measure(1, 'commits, 1 writer', { bare: 'bare SQLite, one by one' })
    await measure(16, 'commits, 16 writers', { bare: 'bare SQLite, 16 at a time' })
    await measure(MOST, `commits, ${MOST} writers`, { bare: `bare SQLite, ${MOST} at a time` })
    await measure(MOST, `commits, ${MOST} writers, each told of all`, { broadcast: true })
    await measure(MOST, `commits, ${MOST} writers, a trigger adds to every other`, { work: 'derive' })
  } finally {
    await server.stop()
  }
}

interface Run {
  load: Child<LoadAnswers>
  plan: Plan
  work: Work
  bare: (() => Promise<number>) | undefined
  /** Processor time of the server, in microseconds. */
  spent: () => Promise<number>
}

/** Alternates with the bare database, so that both use the disk in the same state. */
async function commits({ load, plan: { repetitions, seconds }, work, bare, spent }: Run) {
  await load.ask('run', { work, seconds, documents: 0 })
  const [rates, peers, medians, slowest, costs]: [number[], number[], number[], number[], number[]] = [
    [],
    [],
    [],
    [],
    [],
  ]
  for (let repetition = 0; repetition < repetitions; repetition++) {
    if (bare !== undefined) peers.push(await bare())
    const before = await spent()
    const { count, elapsed, median, slow } = await load.ask('run', { work, seconds, documents: 0 })
    costs.push(((await spent()) - before) / count)
    rates.push(count / elapsed)
    medians.push(median)
    slowest.push(slow)
  }
  const [half, most, cost] = [medians, slowest, costs].map((values) => spreadOf(values).median) as [
    number,
    number,
    number,
  ]
  const note =
    `half are answered in ${half.toFixed(1)} ms, 99 of 100 in ${most.toFixed(1)} ms, ` +
    `each costs ${cost.toFixed(0)} us of the server's CPU`
  return { spread: spreadOf(rates), note, peer: spreadOf(peers) }
}

async function bareCommits(sqlite: Child<SqliteAnswers>, { seconds }: Plan, group: number): Promise<number> {
  return await sqlite.ask('commits', { seconds: seconds / 2, group })
}
