import { MongoClient } from 'mongodb'
import { startMongoJavaServer } from './mongo-java-server.ts'
import { startContainer, startMongod } from './mongod.ts'
import { type MissingService, nothingToStop, type Service } from './service.ts'

/**
 * A server of MongoDB's protocol: that of `MONGO_URL`, or the first of those that can be started here.
 * `mongodb-memory-server` is not among them: it downloads MongoDB from a host that can't be counted on in tests, and
 * where that can be reached, a container or a package gives the same.
 */
export async function findMongo(): Promise<Service | MissingService> {
  const { MONGO_URL: url } = process.env
  const found = url === undefined ? await startOne() : await connected(url)
  if (!('missing' in found)) process.stdout.write(`# MongoDB: ${found.name} ${found.version}\n`)
  return found
}

async function startOne(): Promise<Service | MissingService> {
  const reasons: string[] = []
  for (const start of [startMongod, startContainer, startMongoJavaServer]) {
    const started = await start()
    if (!('missing' in started)) return started
    reasons.push(started.missing)
  }
  return { missing: `no MongoDB: ${reasons.join('; ')}` }
}

async function connected(url: string): Promise<Service | MissingService> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 5000 })
  try {
    const { version } = (await client.db('admin').command({ buildInfo: 1 })) as unknown as { version: string }
    return { url, name: 'MONGO_URL', version, stop: nothingToStop }
  } catch (error) {
    return { missing: `MONGO_URL does not answer: ${String(error)}` }
  } finally {
    await client.close()
  }
}
