import type { EchoAnswers } from '../echo-child.ts'
import type { SqliteAnswers } from '../sqlite-child.ts'
import type { Child } from '../support/child.ts'
import type { Plan } from '../support/plan.ts'
import { printFigure } from '../support/report.ts'
import type { Work } from '../support/requests.ts'
import { type Served, startAtrium, startEcho, token, withClients } from '../support/server.ts'
import { type Spread, spreadOf } from '../support/spread.ts'

const CONNECTIONS = 16
const unit = 'us CPU'

interface Cost {
  spread: Spread
  note: string
}

/** Processor time of the server for one request, over all threads. */
export async function measureRequests(
  data: string,
  workspace: string,
  plan: Plan,
  sqlite: Child<SqliteAnswers>,
): Promise<void> {
  const tokens = Array.from({ length: CONNECTIONS }, () => token(workspace))
  const bareWs = await barePing(tokens, plan)
  const barePage = await pages(sqlite, plan)
  const server = startAtrium(data)
  try {
    const cost = async (work: Work) => ({ unit, ...(await costs(server, tokens, work, plan)) })
    const bar = (value: number) => ({ value, better: 'lower' as const })
    printFigure({
      name: 'ping',
      ...(await cost('ping')),
      bar: bar(20),
      peer: { name: 'bare ws', spread: bareWs },
    })
    const name = `find 50 of ${plan.documents.toLocaleString('en')} by index`
    const peer = { name: 'bare SQLite, the page alone', spread: barePage }
    printFigure({ name, ...(await cost('find')), bar: bar(120), peer })
    printFigure({ name: 'get one by id', ...(await cost('get')) })
  } finally {
    await server.stop()
  }
}

async function barePing(tokens: string[], plan: Plan): Promise<Spread> {
  const echo = startEcho()
  try {
    return (await costs(echo, tokens, 'ping', plan)).spread
  } finally {
    await echo.stop()
  }
}

async function costs(server: Served, tokens: string[], work: Work, plan: Plan): Promise<Cost> {
  const { repetitions, seconds, documents } = plan
  const spent = async () => await (server as Child<EchoAnswers>).ask('processorTime')
  return await withClients(server, tokens, async (load) => {
    await load.ask('run', { work, seconds, documents })
    const each: number[] = []
    const rates: number[] = []
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const before = await spent()
      const { count, elapsed } = await load.ask('run', { work, seconds, documents })
      each.push(((await spent()) - before) / count)
      rates.push(count / elapsed)
    }
    const rate = Math.round(spreadOf(rates).median).toLocaleString('en')
    return {
      spread: spreadOf(each),
      note: `${rate} requests/s, one at a time on each of ${CONNECTIONS} connections`,
    }
  })
}

async function pages(
  sqlite: Child<SqliteAnswers>,
  { documents, repetitions, seconds }: Plan,
): Promise<Spread> {
  await sqlite.ask('populate', documents)
  const each: number[] = []
  for (let repetition = 0; repetition < repetitions; repetition++)
    each.push(await sqlite.ask('page', seconds / 3))
  return spreadOf(each)
}
