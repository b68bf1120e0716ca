import type { EchoAnswers } from '../echo-child.ts'
import type { LoadAnswers } from '../load-child.ts'
import type { Child } from '../support/child.ts'
import type { Plan } from '../support/plan.ts'
import { printFigure } from '../support/report.ts'
import { type Served, startAtrium, startEcho, token, withClients } from '../support/server.ts'
import { type Spread, spreadOf } from '../support/spread.ts'

const BAR = 12
const unit = 'KB'
/** Sessions of one account, which is limited. */
const PER_ACCOUNT = 500
/** Sessions opened first, so that one-time allocations are not counted. */
const WARM = 300

interface Growth {
  rss: Spread
  heap: Spread
}

/** The memory of an idle session, and of an idle workspace, after garbage collection. */
export async function measureMemory(data: string, plan: Plan): Promise<void> {
  const bare = await bareSessions(plan)
  const server = startAtrium(data)
  try {
    const { rss, heap } = await sessions(server, plan)
    const bar = { value: BAR, better: 'lower' as const }
    printFigure({
      name: 'idle session, heap',
      unit,
      spread: heap,
      bar,
      peer: { name: 'bare ws, heap', spread: bare.heap },
    })
    printFigure({
      name: 'idle session, RSS',
      unit,
      spread: rss,
      peer: { name: 'bare ws, RSS', spread: bare.rss },
    })
    const workspace = await workspaces(server, plan)
    printFigure({ name: 'idle open workspace, heap', unit, spread: workspace.heap })
    printFigure({ name: 'idle open workspace, RSS, all threads', unit, spread: workspace.rss })
  } finally {
    await server.stop()
  }
}

async function bareSessions(plan: Plan): Promise<Growth> {
  const echo = startEcho()
  try {
    return await sessions(echo, plan)
  } finally {
    await echo.stop()
  }
}

async function sessions(server: Served, { repetitions, sessions: count }: Plan): Promise<Growth> {
  return await withClients(server, tokensOf('idle', WARM, 'warm'), async (load) => {
    return await growth(server, repetitions, count, async (repetition) => {
      await connect(server, load, tokensOf('idle', count, `r${repetition}`))
    })
  })
}

/** Each is entered once and left: it stays open for a while. */
async function workspaces(server: Served, { repetitions, workspaces: count }: Plan): Promise<Growth> {
  const names = (repetition: string) =>
    Array.from({ length: count }, (_, at) => token(`space-${repetition}-${at}`))
  return await withClients(server, names('warm'), async (load) => {
    return await growth(server, repetitions, count, async (repetition) => {
      await connect(server, load, names(String(repetition)))
      await load.ask('close')
    })
  })
}

async function growth(
  server: Served,
  repetitions: number,
  count: number,
  more: (repetition: number) => Promise<void>,
): Promise<Growth> {
  const [rss, heap]: [number[], number[]] = [[], []]
  const memory = async () => await (server as Child<EchoAnswers>).ask('memoryInUse')
  let before = await memory()
  for (let repetition = 0; repetition < repetitions; repetition++) {
    await more(repetition)
    const after = await memory()
    rss.push((after.rss - before.rss) / count / 1024)
    heap.push((after.heap - before.heap) / count / 1024)
    before = after
  }
  return { rss: spreadOf(rss), heap: spreadOf(heap) }
}

async function connect(server: Served, load: Child<LoadAnswers>, tokens: string[]): Promise<void> {
  const url = await (server as Child<EchoAnswers>).ask('url')
  await load.ask('connect', { url, tokens, broadcast: true })
}

function tokensOf(workspace: string, count: number, name: string): string[] {
  return Array.from({ length: count }, (_, at) => token(workspace, `${name}-${Math.floor(at / PER_ACCOUNT)}`))
}
