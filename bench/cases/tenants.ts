import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pick, seededRandom } from '../../tests/crash/random.ts'
import { attacks } from '../hostile/attacks.ts'
import type { AtriumAnswers } from '../atrium-child.ts'
import type { HostileAnswers } from '../hostile-child.ts'
import type { SteadyAnswers } from '../steady-child.ts'
import { Child } from '../support/child.ts'
import { populate } from '../support/populate.ts'
import { print, printFigure } from '../support/report.ts'
import type { Work } from '../support/requests.ts'
import { startProtected, tenant } from '../support/server.ts'
import { partsOf, spreadOf } from '../support/spread.ts'

const HOSTILE = 'hostile'
const BUSY = 'busy'
const NORMAL = 18
const DOCUMENTS = 5000
/** Documents of the hostile workspace. */
const HOSTILE_DOCUMENTS = 20_000
const works = ['find', 'commit', 'ping'] as const satisfies readonly Work[]
/** Milliseconds between the turns of two normal tenants. */
const EVERY = 40
/** Writers of the busy tenant, and milliseconds between two of their transactions: some 40 each second of an account. */
const WRITERS = 8
const BUSY_EVERY = 3
/** Seconds with the hostile tenant, and without it, by turns. */
const TURN = 15
/** Seconds of an attack. */
const ATTACK = 3
/** Seconds after attacks that count for neither. */
const REST = 3
/** Times of a run without the hostile tenant. */
const BAR = { value: 2, better: 'lower' } as const

/** Latencies of one turn, in milliseconds. */
type Turn = Record<(typeof works)[number], number[]>

/** Turns without the hostile tenant, and the two that came after each: with it on another server, and with it on this one. */
interface Turns {
  calm: Turn[]
  /** The same attacks on another server of this machine: what the machine makes of them, without any code in common. */
  elsewhere: Turn[]
  attacked: Turn[]
}

interface Tenants {
  server: Child<AtriumAnswers>
  other: Child<AtriumAnswers>
  normal: Child<SteadyAnswers>
  busy: Child<SteadyAnswers>
}

/**
 * Twenty tenants: one is hostile, with every attack at random, one is busy, and 18 are normal. The latency of the normal
 * ones, beside that of turns without the hostile one, and of turns in which it attacks another server on this machine.
 */
export async function measureTenants(data: string, minutes: number): Promise<void> {
  const names = Array.from({ length: NORMAL }, (_, at) => `normal${at}`)
  for (const name of [...names, BUSY]) await populate(data, name, DOCUMENTS)
  await populate(data, HOSTILE, HOSTILE_DOCUMENTS)
  const elsewhere = join(data, 'elsewhere')
  await mkdir(elsewhere)
  await populate(elsewhere, HOSTILE, HOSTILE_DOCUMENTS)
  const tenants = {
    server: startProtected(data),
    other: startProtected(elsewhere),
    normal: new Child<SteadyAnswers>('steady-child'),
    busy: new Child<SteadyAnswers>('steady-child'),
  }
  try {
    await begin(tenants, names)
    const turns = await byTurns(tenants, minutes)
    for (const work of works) report(work, turns)
    const { closed, refused } = await tenants.normal.ask('take')
    const { rss } = await tenants.server.ask('memoryInUse')
    print(
      `  normal tenants: ${closed} sessions closed, ${refused} requests refused; RSS ${Math.round(rss / 1e6)} MB`,
    )
  } finally {
    await tenants.normal.stop()
    await tenants.busy.stop()
    await tenants.server.stop()
    await tenants.other.stop()
  }
}

async function begin({ server, normal, busy }: Tenants, names: readonly string[]): Promise<void> {
  const url = await server.ask('url')
  await normal.ask('connect', { url, tenants: names.map((name) => tenant(name, name)) })
  const writers = Array.from({ length: WRITERS }, (_, at) => tenant(BUSY, `writer${at}`))
  await busy.ask('connect', { url, tenants: writers })
  await normal.ask('begin', { works, every: EVERY, documents: DOCUMENTS })
  await busy.ask('begin', { works: ['commit'], every: BUSY_EVERY, documents: DOCUMENTS })
  await wait(1000)
}

async function byTurns(tenants: Tenants, minutes: number): Promise<Turns> {
  const turns: Turns = { calm: [], elsewhere: [], attacked: [] }
  const random = seededRandom(1)
  const ends = performance.now() + minutes * 60_000
  for (let turn = 0; performance.now() < ends; turn++) {
    await take(tenants)
    await wait(TURN * 1000)
    turns.calm.push(await take(tenants))
    const attackers = pickSome(random)
    await attack(tenants.other, `hostile${turn}`, attackers)
    turns.elsewhere.push(await take(tenants))
    await wait(REST * 1000)
    await take(tenants)
    await attack(tenants.server, `hostile${turn}`, attackers)
    turns.attacked.push(await take(tenants))
    await wait(REST * 1000)
  }
  return turns
}

async function take({ normal }: Tenants): Promise<Turn> {
  const { find = [], commit = [], ping = [] } = (await normal.ask('take')).latencies
  return { find, commit, ping }
}

/** The attacks of a turn. */
function pickSome(random: () => number): string[] {
  return Array.from({ length: TURN / ATTACK }, () => pick(random, Object.keys(attacks)))
}

/** One attack after the other. */
async function attack(server: Child<AtriumAnswers>, email: string, names: readonly string[]): Promise<void> {
  const hostile = new Child<HostileAnswers>('hostile-child')
  const url = await server.ask('url')
  const who = { url, ...tenant(HOSTILE, email) }
  try {
    for (const name of names) {
      await hostile.ask('begin', { attack: name, ...who })
      await wait(ATTACK * 1000)
      await hostile.ask('end')
    }
  } finally {
    await hostile.stop()
  }
}

function report(work: Work & keyof Turn, { calm, elsewhere, attacked }: Turns): void {
  const slow = (turn: Turn) => partsOf(turn[work])(0.99)
  const all = (turns: readonly Turn[]) => partsOf(turns.flatMap((turn) => turn[work]))(0.99)
  const ratios = attacked.map((turn, at) => slow(turn) / slow(calm[at] ?? turn))
  printFigure({
    name: `${work} of 18 normal tenants, p99`,
    unit: 'ms',
    spread: spreadOf(attacked.map(slow)),
    peer: { name: 'without the hostile one', spread: spreadOf(calm.map(slow)) },
  })
  printFigure({
    name: '  times without it, by turns',
    unit: 'times',
    spread: spreadOf(ratios),
    bar: BAR,
    note: `over all turns ${all(attacked).toFixed(1)} ms, without it ${all(calm).toFixed(1)}`,
  })
  printFigure({
    name: '  times its attack on another server',
    unit: 'times',
    spread: spreadOf(attacked.map((turn, at) => slow(turn) / slow(elsewhere[at] ?? turn))),
    bar: BAR,
    note: `over all turns of that ${all(elsewhere).toFixed(1)} ms`,
  })
}
