import { type Document, MongoClient, MongoServerSelectionError } from 'mongodb'
import type { Finding } from './doctor.ts'

/** Milliseconds a server has to be found. */
const SELECTION_TIMEOUT = 2000

/** Asks MongoDB itself; its address is shown without credentials. */
export async function mongodb(url: string): Promise<Finding> {
  let client: MongoClient
  try {
    client = new MongoClient(url, { serverSelectionTimeoutMS: SELECTION_TIMEOUT })
  } catch {
    return { ok: false, what: 'MongoDB: its address is no connection string' }
  }
  const { srvHost, hosts } = client.options
  const name = `MongoDB at ${srvHost ?? hosts.map(String).join(', ')}`
  try {
    const admin = client.db('admin')
    const { version } = await admin.command({ buildInfo: 1 })
    // Not every server of the protocol knows the newer name.
    const hello = await admin.command({ hello: 1 }).catch(() => admin.command({ isMaster: 1 }))
    return { ok: isWritable(hello), what: `${name} is ${String(version)}, ${roleOf(hello)}` }
  } catch (error) {
    const why = error instanceof MongoServerSelectionError ? 'does not answer' : `refuses: ${String(error)}`
    return { ok: false, what: `${name} ${why}` }
  } finally {
    await client.close()
  }
}

function isWritable(hello: Document): boolean {
  return hello['isWritablePrimary'] === true || hello['ismaster'] === true
}

function roleOf(hello: Document): string {
  const set = hello['setName'] as string | undefined
  if (set === undefined) return 'by itself: what is committed is on one machine'
  return isWritable(hello) ? `the primary of replica set ${set}` : `and not the primary of replica set ${set}`
}
