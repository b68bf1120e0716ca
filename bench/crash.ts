// Kills and restarts a server under load, for any number of rounds: `npm run bench:crash -- --rounds 200 --seed 1`.
// Both durable storages are tested, or the one of `--storage mongodb`. MongoDB adds faults between server and database,
// and kills of the database with the server and alone, where it survives them. `--only kills`, `faults` or `database`
// selects one of these.
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { type Backend, embeddedBackend, mongoBackend } from '../tests/crash/backend.ts'
import { faultRounds, type FaultReport } from '../tests/crash/fault-rounds.ts'
import type { FaultKind } from '../tests/crash/faults.ts'
import { crashRounds, type RoundReport } from '../tests/crash/rounds.ts'
import { findMongo } from '../tests/services/mongodb.ts'
import type { Outage, Service } from '../tests/services/service.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    writers: { type: 'string', default: '50' },
    /** embedded, mongodb or both */
    storage: { type: 'string', default: 'both' },
    /** kills, faults, database or all */
    only: { type: 'string', default: 'all' },
  },
})
const [rounds, seed, writers] = [Number(values.rounds), Number(values.seed), Number(values.writers)]

function isWanted(kind: string): boolean {
  return values.only === 'all' || values.only === kind
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function killServers(name: string, backend: (data: string) => Backend, outage?: Outage): Promise<void> {
  const report = ({ round, lived, acknowledged, unanswered, survived }: RoundReport) => {
    const fates = `${unanswered} unanswered, of which ${survived} were committed`
    print(`${name}, round ${round}: killed after ${lived} ms; ${acknowledged} acknowledged, ${fates}`)
  }
  const reports = await crashRounds({ backend, rounds, seed, writers, outage, report })
  const sum = (of: 'acknowledged' | 'unanswered' | 'survived') =>
    reports.reduce((total, each) => total + each[of], 0)
  print(
    [
      `${name}, ${reports.length} kills: all ${sum('acknowledged')} acknowledged transactions are there, once, without a gap;`,
      `${sum('unanswered')} unanswered ones were sent again, ${sum('survived')} of them were committed before: each took effect once`,
    ].join(' '),
  )
}

async function disturbConnections(service: Service, kinds?: readonly FaultKind[]): Promise<void> {
  const report = ({ round, fault, acknowledged, refused }: FaultReport) =>
    print(`mongodb, round ${round}: ${fault}; ${acknowledged} acknowledged, ${refused} refused before`)
  const some = kinds === undefined ? {} : { kinds }
  const reports = await faultRounds({ service, rounds, seed, writers, report, ...some })
  const occurred = [...new Set(reports.map(({ fault }) => fault))]
  const count = (kind: string) => reports.filter(({ fault }) => fault === kind).length
  const counts = occurred.map((kind) => `${count(kind)} ${kind}`).join(', ')
  const total = reports.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
  print(
    `mongodb, ${reports.length} faults (${counts}): one server, no session lost, all ${total} transactions are there, once`,
  )
}

async function onMongo(): Promise<void> {
  const service = await findMongo()
  if ('missing' in service) throw new Error(service.missing)
  try {
    const backend = () => mongoBackend(service)
    if (isWanted('kills')) await killServers('mongodb', backend)
    if (isWanted('faults')) await disturbConnections(service)
    const { outage } = service
    if (!isWanted('database')) return
    if (outage?.how === 'kill -9') {
      await killServers('mongodb, killed with its server', backend, outage)
      await disturbConnections(service, ['outage'])
    } else print(`${service.name} is not killed: it would lose what it has acknowledged`)
  } finally {
    await service.stop()
  }
}

if (!['embedded', 'mongodb', 'both'].includes(values.storage))
  throw new Error('--storage is embedded, mongodb or both')
if (!['kills', 'faults', 'database', 'all'].includes(values.only))
  throw new Error('--only is kills, faults, database or all')
print(`seed ${seed}`)
if (values.storage !== 'mongodb' && isWanted('kills')) await killServers('embedded', embeddedBackend)
if (values.storage !== 'embedded') await onMongo()
