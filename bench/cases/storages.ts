import { findEachMongo } from '../../tests/services/mongodb.ts'
import type { MissingService, Service } from '../../tests/services/service.ts'
import { connect } from '../../client/node.ts'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { createMongoStorage } from '../../storage/mongodb/storage.ts'
import type { Storage } from '../../storage/contract.ts'
import type { LoadAnswers } from '../load-child.ts'
import type { Child } from '../support/child.ts'
import { type Plan, quick } from '../support/plan.ts'
import { populateStorage } from '../support/populate.ts'
import { print, printFigure } from '../support/report.ts'
import { startAtrium, token, withClients } from '../support/server.ts'
import { type Spread, spreadOf } from '../support/spread.ts'
import { AUTHOR, projectId } from '../support/tasks.ts'

const WORKSPACE = 'beside'
const PREFIX = 'bench-'
/** A replacement scans the collection: beyond some ten thousand documents a group of replacements exceeds the time limit of a command. */
const SLOW_SERVER = 'mongo-java-server'
const READERS = 16
const WRITERS = 64

/** A measurement of each storage, and its figure. */
type Figures = Map<string, { unit: string; spread: Spread }>

/** The two durable storages compared, each behind its own server, with the same work. */
export async function measureStorages(data: string, plan: Plan): Promise<void> {
  const mongo = await findFastest()
  if ('missing' in mongo) {
    print(`MongoDB is left out: ${mongo.missing}`)
    return
  }
  try {
    print(`MongoDB is ${mongo.name} ${mongo.version}`)
    const { beside } = mongo.name === SLOW_SERVER ? quick : plan
    const url = mongo.url
    const embedded = await figuresOf(
      createSqliteStorage({ directory: `${data}/workspaces` }),
      data,
      {},
      { ...plan, beside },
    )
    const settings = { ATRIUM_STORAGE: 'mongodb', ATRIUM_MONGO_URL: url, ATRIUM_MONGO_PREFIX: PREFIX }
    const figures = await figuresOf(createMongoStorage({ url, databasePrefix: PREFIX }), data, settings, {
      ...plan,
      beside,
    })
    for (const [name, { unit, spread }] of figures) {
      const peer = embedded.get(name)
      const figure = { name: `MongoDB, ${name}`, unit, spread }
      printFigure(
        peer === undefined ? figure : { ...figure, peer: { name: 'embedded', spread: peer.spread } },
      )
    }
  } finally {
    await mongo.stop()
  }
}

/** MongoDB itself, or the substitute that uses indexes. */
async function findFastest(): Promise<Service | MissingService> {
  const found = await findEachMongo()
  const picked = found.find((service) => !('missing' in service) && service.scans !== true) ?? found[0]
  for (const service of found) if (service !== picked && !('missing' in service)) await service.stop()
  return picked ?? { missing: 'no MongoDB' }
}

async function figuresOf(
  storage: Storage,
  data: string,
  settings: NodeJS.ProcessEnv,
  plan: Plan,
): Promise<Figures> {
  const { documents, workspaces } = plan.beside
  await populateStorage(storage, WORKSPACE, documents)
  const figures: Figures = new Map()
  const server = startAtrium(data, settings)
  const put = (name: string, unit: string, values: number[]) =>
    figures.set(name, { unit, spread: spreadOf(values) })
  try {
    const url = (await server.ask('url')).replace('http', 'ws')
    put(`first entry, ${documents.toLocaleString('en')} documents`, 'ms', [await entering(url, WORKSPACE)])
    const rates = async (work: 'commit' | 'find' | 'get', connections: number) =>
      await withClients(server, tokensFor(connections), async (load) => await ratesOf(load, work, plan))
    put('commits/s, 1 writer', 'commits/s', await rates('commit', 1))
    put(`commits/s, ${WRITERS} writers`, 'commits/s', await rates('commit', WRITERS))
    put('finds/s of 50 by index', 'finds/s', await rates('find', READERS))
    put('gets/s by id', 'gets/s', await rates('get', READERS))
    const { count, scan } = await wholeReads(url, plan)
    put('count of a project', 'ms', count)
    put('scan of all, by a field without index', 'ms', scan)
    put(`${workspaces} workspaces, entered one by one`, 'ms each', [await manyWorkspaces(url, workspaces)])
  } finally {
    await server.stop()
  }
  return figures
}

function tokensFor(count: number): string[] {
  return Array.from({ length: count }, () => token(WORKSPACE))
}

async function ratesOf(
  load: Child<LoadAnswers>,
  work: 'commit' | 'find' | 'get',
  { repetitions, seconds, beside: { documents } }: Plan,
): Promise<number[]> {
  await load.ask('run', { work, seconds: seconds / 2, documents })
  const rates: number[] = []
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const { count, elapsed } = await load.ask('run', { work, seconds, documents })
    rates.push(count / elapsed)
  }
  return rates
}

async function wholeReads(url: string, { repetitions }: Plan): Promise<{ count: number[]; scan: number[] }> {
  const connection = await connect({ url, token: token(WORKSPACE) })
  const timed = async (query: object, options: object): Promise<number> => {
    const started = performance.now()
    await connection.findAll('board:class:Task' as never, query as never, options)
    return performance.now() - started
  }
  const [count, scan]: [number[], number[]] = [[], []]
  for (let repetition = 0; repetition < repetitions; repetition++) {
    count.push(await timed({ space: projectId(repetition) }, { limit: 1, total: true }))
    scan.push(await timed({ modifiedBy: `not ${AUTHOR} ${repetition}` }, {}))
  }
  connection.close()
  return { count, scan }
}

async function entering(url: string, workspace: string): Promise<number> {
  const started = performance.now()
  const connection = await connect({ url, token: token(workspace) })
  const took = performance.now() - started
  connection.close()
  return took
}

/** Milliseconds each, for new workspaces. */
async function manyWorkspaces(url: string, count: number): Promise<number> {
  const started = performance.now()
  for (let workspace = 0; workspace < count; workspace++) await entering(url, `new-${workspace}`)
  return (performance.now() - started) / count
}
