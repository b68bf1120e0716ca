import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { freePort, isOnPath, killChild, startChild, stopChild } from './child-process.ts'
import type { MissingService, Service } from './service.ts'

const startTimeout = 60_000

/** MongoDB itself, from the path, as a replica set of one. */
export async function startMongod(): Promise<Service | MissingService> {
  return isOnPath('mongod') ? await startMongodOf('mongod') : { missing: 'no mongod on the path' }
}

/** The same, with any program file. */
export async function startMongodOf(program: string): Promise<Service | MissingService> {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-mongod-'))
  const port = await freePort()
  const address = ['--bind_ip', '127.0.0.1', '--port', String(port)]
  const start = () => startChild(program, ['--dbpath', folder, '--replSet', 'atrium', ...address])
  let child = start()
  const stop = async () => {
    await stopChild(child)
    await rm(folder, { recursive: true, force: true })
  }
  const service = await initiated(`127.0.0.1:${port}`, child)
  if ('missing' in service) {
    await stop()
    return service
  }
  const begin = async () => await killChild(child)
  const end = async () => {
    child = start()
    await primary(service.url)
  }
  return { ...service, stop, outage: { how: 'kill -9', begin, end } }
}

async function initiated(
  address: string,
  child: ChildProcess,
): Promise<Omit<Service, 'stop'> | MissingService> {
  const url = `mongodb://${address}/?directConnection=true`
  const client = new MongoClient(url, { serverSelectionTimeoutMS: startTimeout })
  // An ended process is not waited for.
  child.once('close', () => void client.close())
  try {
    const admin = client.db('admin')
    await admin.command({ replSetInitiate: { _id: 'atrium', members: [{ _id: 0, host: address }] } })
    await isPrimary(client)
    return { url, name: 'mongod', version: await versionOf(url) }
  } catch (error) {
    return { missing: `MongoDB did not start: ${String(error)}` }
  } finally {
    await client.close()
  }
}

/** @throws MongoError when it does not respond in time */
export async function versionOf(url: string, timeout = startTimeout): Promise<string> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: timeout })
  try {
    const { version } = (await client.db('admin').command({ buildInfo: 1 })) as unknown as { version: string }
    return version
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
