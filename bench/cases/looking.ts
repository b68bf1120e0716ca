import { setTimeout as wait } from 'node:timers/promises'
import type { Connection } from '../../client/connection/connection.ts'
import { connect } from '../../client/node.ts'
import { generateId } from '../../model/generate-id.ts'
import type { Tx } from '../../model/transactions.ts'
import type { LookingAnswers } from '../looking-child.ts'
import { Child } from '../support/child.ts'
import type { Plan } from '../support/plan.ts'
import { populate } from '../support/populate.ts'
import { printFigure } from '../support/report.ts'
import { startAtrium, token } from '../support/server.ts'
import { spreadOf } from '../support/spread.ts'
import { AUTHOR, projectId, taskAttributes, taskId } from '../support/tasks.ts'

const WORKSPACE = 'looking'
const TASKS = 10_000
const QUERIES = 200
/** Pushes per second. */
const RATE = 1000
/** Milliseconds between two batches of changes. */
const TICK = 4
/** Hundredths of a core. */
const BAR = { value: 20, better: 'lower' } as const

/**
 * The cost of 1,000 pushes per second for a client with 200 live queries. The changes are spread over a workspace:
 * tasks are created, changed, and commented on.
 */
export async function measureLooking(data: string, plan: Plan): Promise<void> {
  await populate(data, WORKSPACE, TASKS)
  const server = startAtrium(data)
  const looking = new Child<LookingAnswers>('looking-child')
  const url = await server.ask('url')
  const writer = await connect({ url: url.replace('http', 'ws'), token: token(WORKSPACE), broadcast: false })
  try {
    await looking.ask('look', { url, token: token(WORKSPACE), queries: QUERIES })
    await write(writer, plan.seconds / 2)
    const [percents, rates, results]: [number[], number[], number[]] = [[], [], []]
    for (let repetition = 0; repetition < plan.repetitions; repetition++) {
      const before = await looking.ask('spent')
      const began = performance.now()
      await write(writer, plan.seconds)
      const after = await looking.ask('spent')
      const seconds = (performance.now() - began) / 1000
      const pushes = after.pushes - before.pushes
      percents.push((((after.time - before.time) / pushes) * RATE) / 10_000)
      rates.push(pushes / seconds)
      results.push((after.results - before.results) / pushes)
    }
    const [rate, result] = [spreadOf(rates).median, spreadOf(results).median]
    printFigure({
      name: `${QUERIES} live queries, ${RATE} pushes/s`,
      unit: '% of a core',
      spread: spreadOf(percents),
      bar: BAR,
      note: `${Math.round(rate)} pushes/s, each of which changed the results of ${result.toFixed(2)} queries`,
    })
    await looking.ask('end')
  } finally {
    writer.close()
    await looking.stop()
    await server.stop()
  }
}

/** Sends one change for each expected push, evenly, and waits until the last one is answered. */
async function write(writer: Connection, seconds: number): Promise<void> {
  const answers: Promise<unknown>[] = []
  const began = performance.now()
  for (let sent = 0; sent < seconds * RATE;) {
    const due = Math.min(seconds * RATE, ((performance.now() - began) / 1000) * RATE)
    // A comment of a task is pushed together with the counter of its parent.
    for (; sent < due; sent++) answers.push(writer.tx(change(sent)))
    await wait(TICK)
  }
  await Promise.all(answers)
}

function change(number: number): Tx {
  const at = Math.floor(Math.random() * TASKS)
  const header = {
    _id: generateId(),
    space: 'core:space:Tx',
    modifiedBy: AUTHOR,
    modifiedOn: 0,
    objectSpace: projectId(at),
    objectClass: 'board:class:Task',
  }
  const [create, update] = [{ _class: 'core:class:TxCreateDoc' }, { _class: 'core:class:TxUpdateDoc' }]
  const changes = [
    { ...update, objectId: taskId(at), operations: { status: number % 3 === 0 ? 'doing' : 'todo' } },
    { ...update, objectId: taskId(at), operations: { title: `Now number ${number}` } },
    { ...update, objectId: taskId(at), operations: { rank: taskAttributes(number).rank, priority: 'low' } },
    { ...create, objectId: generateId(), attributes: taskAttributes(at) },
    comment(header, at),
  ]
  return { ...header, ...changes[number % changes.length] } as unknown as Tx
}

function comment(header: object, at: number): object {
  const tx = {
    ...header,
    _id: generateId(),
    _class: 'core:class:TxCreateDoc',
    objectId: generateId(),
    objectClass: 'board:class:Comment',
    attributes: { message: 'Seen, thank you' },
  }
  return { _class: 'core:class:TxCollectionCUD', objectId: taskId(at), collection: 'comments', tx }
}
