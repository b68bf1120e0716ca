import { startContainer } from './container.ts'
import { startDownloadedMongod } from './downloaded-mongod.ts'
import { startFerretdb } from './ferretdb.ts'
import { startMongoJavaServer } from './mongo-java-server.ts'
import { startMongod, versionOf } from './mongod.ts'
import { type MissingService, nothingToStop, type Service } from './service.ts'

/** Milliseconds. */
const answerTimeout = 5000

type Start = () => Promise<Service | MissingService>

/** The ways to get a server, in the order of the attempts. */
const ways: readonly Start[] = [
  startMongod,
  startFerretdb,
  () => startDownloadedMongod(),
  startContainer,
  startMongoJavaServer,
]

/** Two substitutes that behave differently, wherever MongoDB itself is not available. */
const substitutes: readonly Start[] = [startFerretdb, startMongoJavaServer]

/**
 * A server of MongoDB’s protocol, that of `MONGO_URL` or one started here; prints which one, and why no earlier one.
 */
export async function findMongo(): Promise<Service | MissingService> {
  return (await findGiven()) ?? (await startOne())
}

/**
 * MongoDB itself, that of `MONGO_URL` or from the path; otherwise each of the substitutes, or the reason for which
 * there is none.
 */
export async function findEachMongo(): Promise<(Service | MissingService)[]> {
  const given = await findGiven()
  if (given !== undefined) return [given]
  const real = await startMongod()
  if (!('missing' in real)) return [found(real, [])]
  const started: (Service | MissingService)[] = []
  for (const start of substitutes) {
    const service = await start()
    if ('missing' in service)
      process.stdout.write(`# MongoDB: suites leave out one server: ${service.missing}\n`)
    started.push('missing' in service ? service : found(service, []))
  }
  return started
}

async function startOne(): Promise<Service | MissingService> {
  const reasons: string[] = []
  for (const start of ways) {
    const started = await start()
    if (!('missing' in started)) return found(started, reasons)
    reasons.push(started.missing)
  }
  return { missing: `no MongoDB: ${reasons.join('; ')}` }
}

async function findGiven(): Promise<Service | MissingService | undefined> {
  const { MONGO_URL: url } = process.env
  if (url === undefined) return undefined
  try {
    const version = await versionOf(url, answerTimeout)
    return found({ url, name: 'MONGO_URL', version, stop: nothingToStop }, [])
  } catch (error) {
    return { missing: `MONGO_URL does not answer: ${String(error)}` }
  }
}

function found(service: Service, reasons: readonly string[]): Service {
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`
  process.stdout.write(`# MongoDB: ${service.name} ${service.version}${why}\n`)
  return service
}
