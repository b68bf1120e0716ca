import { setTimeout as wait } from 'node:timers/promises'
import { attacks } from '../hostile/attacks.ts'
import type { AtriumAnswers } from '../atrium-child.ts'
import type { HostileAnswers } from '../hostile-child.ts'
import type { SteadyAnswers } from '../steady-child.ts'
import { Child } from '../support/child.ts'
import type { Plan } from '../support/plan.ts'
import { populate } from '../support/populate.ts'
import { print, printFigure } from '../support/report.ts'
import { startProtected, tenant } from '../support/server.ts'
import { partsOf, spreadOf } from '../support/spread.ts'

const HOSTILE = 'hostile'
const VICTIM = 'victim'
/** Documents of each workspace. */
const DOCUMENTS = 20_000
/** Accounts of the victim's workspace that take turns, as each may send 1500 requests in 30 seconds. */
const VICTIMS = 4
/** Milliseconds between two pings, and between two commits. */
const EVERY = 20
const BAR = { value: 100, better: 'lower' } as const
const MEGABYTE = 1e6
/** Seconds in which memory returns. */
const AFTER = 2

interface Server {
  server: Child<AtriumAnswers>
  victim: Child<SteadyAnswers>
}

interface Phase {
  ping: (part: number) => number
  commit: (part: number) => number
  closed: number
  refused: number
  /** Bytes. */
  peak: number
  /** Milliseconds, see `Watched`. */
  delay: number
  busy: number
}

interface Attacked {
  calm: Phase
  attacked: Phase
  answers: [answer: string, count: number][]
  /** Bytes before and after. */
  before: number
  after: number
}

/**
 * What a victim in one workspace notices of a hostile account in another one, for each attack: the time of its pings
 * beside that of the seconds before.
 */
export async function measureAttacks(
  data: string,
  { attacks: { repetitions, seconds } }: Plan,
  only: string,
): Promise<void> {
  for (const workspace of [HOSTILE, VICTIM]) await populate(data, workspace, DOCUMENTS)
  const server = startProtected(data)
  const victim = new Child<SteadyAnswers>('steady-child')
  try {
    const tenants = Array.from({ length: VICTIMS }, (_, at) => tenant(VICTIM, `victim${at}`))
    await victim.ask('connect', { url: await server.ask('url'), tenants })
    await victim.ask('begin', { works: ['ping', 'commit'], every: EVERY, documents: DOCUMENTS })
    await wait(1000)
    let accounts = 0
    const words = only.split('|')
    for (const attack of Object.keys(attacks).filter((name) => words.some((word) => name.includes(word)))) {
      const all: Attacked[] = []
      for (let repetition = 0; repetition < repetitions; repetition++)
        all.push(await measure({ server, victim }, attack, `hostile${accounts++}`, seconds))
      report(attack, all)
    }
  } finally {
    await victim.stop()
    await server.stop()
  }
}

async function measure(
  { server, victim }: Server,
  attack: string,
  email: string,
  seconds: number,
): Promise<Attacked> {
  const hostile = new Child<HostileAnswers>('hostile-child')
  try {
    const { rss: before } = await server.ask('memoryInUse')
    await phase({ server, victim }, 0.3)
    const calm = await phase({ server, victim }, seconds / 2)
    const url = await server.ask('url')
    await hostile.ask('begin', { attack, url, ...tenant(HOSTILE, email) })
    const attacked = await phase({ server, victim }, seconds)
    const answers = await hostile.ask('end')
    await wait(AFTER * 1000)
    return { calm, attacked, answers, before, after: (await server.ask('memoryInUse')).rss }
  } finally {
    await hostile.stop()
  }
}

async function phase({ server, victim }: Server, seconds: number): Promise<Phase> {
  await victim.ask('take')
  await server.ask('watched')
  await wait(seconds * 1000)
  const { latencies, closed, refused } = await victim.ask('take')
  const { ping = [], commit = [] } = latencies
  return { ping: partsOf(ping), commit: partsOf(commit), closed, refused, ...(await server.ask('watched')) }
}

function report(attack: string, all: readonly Attacked[]): void {
  const worst = (value: (each: Attacked) => number) => spreadOf(all.map(value)).max
  const ms = (value: (each: Attacked) => number) => spreadOf(all.map(value)).median.toFixed(1)
  const mb = (value: (each: Attacked) => number) => Math.round(worst(value) / MEGABYTE)
  printFigure({
    name: attack,
    unit: 'ms',
    spread: spreadOf(all.map(({ attacked }) => attacked.ping(0.99))),
    bar: BAR,
    note: `ping p50 ${ms(({ attacked }) => attacked.ping(0.5))}, max ${ms(({ attacked }) => attacked.ping(1))}`,
    peer: { name: 'without', spread: spreadOf(all.map(({ calm }) => calm.ping(0.99))) },
  })
  const [commit, calmCommit] = [
    ms(({ attacked }) => attacked.commit(0.99)),
    ms(({ calm }) => calm.commit(0.99)),
  ]
  print(`  commit p99 ${commit} ms, without ${calmCommit}`)
  const [delay, busy] = [worst(({ attacked }) => attacked.delay), worst(({ attacked }) => attacked.busy)]
  print(`  event loop at most ${delay.toFixed(0)} ms late, ${busy.toFixed(0)} ms of it processor time`)
  const [before, peak, after] = [
    mb((each) => each.before),
    mb((each) => each.attacked.peak),
    mb((each) => each.after),
  ]
  print(`  RSS ${before} MB before, ${peak} at most, ${after} after`)
  const [closed, refused] = [
    worst(({ attacked }) => attacked.closed),
    worst(({ attacked }) => attacked.refused),
  ]
  print(`  victim: ${closed} sessions closed, ${refused} requests refused`)
  const answers = all.at(-1)?.answers.map(([answer, count]) => `${answer} ${count}`)
  print(`  answers: ${answers?.join(', ')}`)
}
