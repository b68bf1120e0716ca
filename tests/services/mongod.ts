import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { freePort, isOnPath, killChild, outputOf, startChild, stopChild } from './child-process.ts'
import type { MissingService, Service } from './service.ts'

const startTimeout = 60_000

/** MongoDB itself, from the path, as a replica set of one. */
export async function startMongod(): Promise<Service | MissingService> {
  if (!isOnPath('mongod')) return { missing: 'no mongod on the path' }
  const folder = await mkdtemp(join(tmpdir(), 'atrium-mongod-'))
  const port = await freePort()
  const address = ['--bind_ip', '127.0.0.1', '--port', String(port)]
  const start = () => startChild('mongod', ['--dbpath', folder, '--replSet', 'atrium', ...address])
  let child = start()
  const stop = async () => {
    await stopChild(child)
    await rm(folder, { recursive: true, force: true })
  }
  const service = await initiated(`127.0.0.1:${port}`, stop)
  if ('missing' in service) return service
  const begin = async () => await killChild(child)
  const end = async () => {
    child = start()
    await primary(service.url)
  }
  return { ...service, outage: { how: 'kill -9', begin, end } }
}

/** MongoDB in a container, where an engine answers. */
export async function startContainer(): Promise<Service | MissingService> {
  const missing = { missing: 'no container engine answers' }
  if (!isOnPath('docker') || outputOf('docker', ['info'], 5000) === undefined) return missing
  const options = [
    'run',
    '--detach',
    '--rm',
    '--publish',
    '127.0.0.1::27017',
    'mongo:8',
    '--replSet',
    'atrium',
  ]
  const container = outputOf('docker', options, startTimeout * 3)
  const address = container === undefined ? undefined : outputOf('docker', ['port', container, '27017'], 5000)
  if (container === undefined || address === undefined)
    return { missing: 'no container of mongo:8 could be run' }
  const stop = () => {
    outputOf('docker', ['rm', '--force', container], 20_000)
    return Promise.resolve()
  }
  return await initiated(address.split('\n')[0] ?? '', stop, '127.0.0.1:27017')
}

async function initiated(
  address: string,
  stop: Service['stop'],
  host = address,
): Promise<Service | MissingService> {
  const url = `mongodb://${address}/?directConnection=true`
  const client = new MongoClient(url, { serverSelectionTimeoutMS: startTimeout })
  try {
    const admin = client.db('admin')
    await admin.command({ replSetInitiate: { _id: 'atrium', members: [{ _id: 0, host }] } })
    await isPrimary(client)
    const { version } = (await admin.command({ buildInfo: 1 })) as unknown as { version: string }
    return { url, name: 'mongod', version, stop }
  } catch (error) {
    await stop()
    return { missing: `MongoDB did not start: ${String(error)}` }
  } finally {
    await client.close()
  }
}

async function primary(url: string): Promise<void> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: startTimeout })
  try {
    await isPrimary(client)
  } finally {
    await client.close()
  }
}

async function isPrimary(client: MongoClient): Promise<void> {
  for (let waited = 0; waited < startTimeout; waited += 100) {
    const hello = await client.db('admin').command({ hello: 1 })
    if (hello['isWritablePrimary'] === true) return
    await wait(100)
  }
  throw new Error('the replica set has no primary')
}
