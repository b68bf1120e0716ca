import { messageOf } from '../../model/error-details.ts'
import type { Document } from 'mongodb'
import { probeMongo, tryMongo } from '../../storage/mongodb/driver/probe.ts'
import type { Finding } from './finding.ts'

/**
 * Connects to MongoDB, and writes, indexes and reads a probe in a database with the server's prefix. The address is shown
 * without credentials.
 */
export async function mongodb(url: string, prefix: string): Promise<Finding[]> {
  const answer = await probeMongo(url)
  const { name } = answer
  if (answer.kind !== 'ready') return [{ ok: false, what: `${name} ${answer.reason}` }]
  const found = { ok: true, what: `${name} is ${answer.version}, ${roleOf(answer.hello)}` }
  try {
    const milliseconds = Math.ceil(await tryMongo(url, prefix))
    return [found, { ok: true, what: `${name} writes, indexes and reads a probe in ${milliseconds} ms` }]
  } catch (error) {
    const [why] = messageOf(error).split('\n', 1)
    return [found, { ok: false, what: `${name} does not write, index and read a probe: ${why}` }]
  }
}

function roleOf(hello: Document): string {
  const set = hello['setName'] as string | undefined
  return set === undefined
    ? 'by itself: what is committed is on one machine'
    : `the primary of replica set ${set}`
}
