import { startContainer } from './container.ts'
import { startDownloadedMongod } from './downloaded-mongod.ts'
import { startMongoJavaServer } from './mongo-java-server.ts'
import { startMongod, versionOf } from './mongod.ts'
import { type MissingService, nothingToStop, type Service } from './service.ts'

/** Milliseconds. */
const answerTimeout = 5000

/** The first of these that can be started here. */
const starts = [startMongod, () => startDownloadedMongod(), startContainer, startMongoJavaServer]

/** A server of MongoDB's protocol, that of `MONGO_URL` or one started here; prints which, and why no earlier one. */
export async function findMongo(): Promise<Service | MissingService> {
  const { MONGO_URL: url } = process.env
  return url === undefined ? await startOne() : await connected(url)
}

async function startOne(): Promise<Service | MissingService> {
  const reasons: string[] = []
  for (const start of starts) {
    const started = await start()
    if (!('missing' in started)) return found(started, reasons)
    reasons.push(started.missing)
  }
  return { missing: `no MongoDB: ${reasons.join('; ')}` }
}

async function connected(url: string): Promise<Service | MissingService> {
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
