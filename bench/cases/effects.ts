import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../model/clock.ts'
import type { Connection } from '../../client/connection/connection.ts'
import { connect } from '../../client/node.ts'
import { board } from '../../examples/board/model.ts'
import type { Account, Ref } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { createIdGenerator } from '../../model/generate-id.ts'
import { TransactionFactory } from '../../model/transaction-factory.ts'
import { randomBytes } from 'node:crypto'
import type { Plan } from '../support/plan.ts'
import { populate } from '../support/populate.ts'
import { printFigure } from '../support/report.ts'
import { startAtrium, token } from '../support/server.ts'
import { spreadOf } from '../support/spread.ts'
import { AUTHOR, projectId } from '../support/tasks.ts'

const EFFECTS = fileURLToPath(new URL('../effects-module.js', import.meta.url))
/** Transactions a second, and milliseconds between two bursts of them. */
const RATE = 1000
const EVERY = 10
const BAR = { value: RATE * 0.98, better: 'higher' } as const
const WORKSPACE = 'effects'

const generateId = createIdGenerator({ now: systemClock.now, random: randomBytes })

/** Effects of an asynchronous trigger a second, while one workspace gets {@link RATE} transactions a second. */
export async function measureEffects(data: string, plan: Plan): Promise<void> {
  await populate(data, WORKSPACE, 0)
  const server = startAtrium(data, { NODE_ENV: 'production', ATRIUM_MODULES: `board,${EFFECTS}` })
  try {
    const url = await server.ask('url')
    const connection = await connect({ url: url.replace('http', 'ws'), token: token(WORKSPACE) })
    const [rates, costs]: [number[], number[]] = [[], []]
    const seconds = plan.seconds * 3
    for (let repetition = 0; repetition <= plan.repetitions; repetition++) {
      const before = await server.ask('processorTime')
      const started = performance.now()
      const sent = await write(connection, seconds)
      while ((await lag(url)) > 0) await wait(10)
      const took = (performance.now() - started) / 1000
      // The first run warms up.
      if (repetition === 0) continue
      rates.push(sent / took)
      costs.push(((await server.ask('processorTime')) - before) / sent)
    }
    connection.close()
    const note = `${spreadOf(costs).median.toFixed(0)} us of the server's CPU for a transaction with its effect`
    const name = `effects, at ${RATE} writes a second`
    printFigure({ name, unit: '/s', spread: spreadOf(rates), bar: BAR, note })
  } finally {
    await server.stop()
  }
}

/** Resolves with the number of transactions when the last one has its response. */
async function write(connection: Connection, seconds: number): Promise<number> {
  const started = performance.now()
  const running: Promise<unknown>[] = []
  const total = RATE * seconds
  while (running.length < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - started) * RATE) / 1000))
    while (running.length < due) running.push(connection.tx(create(running.length)))
    await wait(EVERY)
  }
  await Promise.all(running)
  return total
}

function create(number: number) {
  const factory = new TransactionFactory(generateId, {
    space: core.space.Tx,
    modifiedBy: AUTHOR as Ref<Account>,
    modifiedOn: systemClock.now(),
  })
  return factory.create(board.class.Task, projectId(number), { title: `task ${number}` })
}

/** Transactions that wait for the trigger, by the metrics. */
async function lag(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^atrium_trigger_lag_transactions\{trigger="effects.comment"\} (\d+)/m.exec(text)?.[1] ?? 0)
}
