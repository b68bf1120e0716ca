import { randomBytes } from 'node:crypto'
import { type Document, MongoClient, MongoServerError, MongoServerSelectionError } from 'mongodb'
import { codeOf } from '../../shared/out-of-files.ts'
import { createClient, ownDatabase } from './client.ts'

/** The description of a server, or why there is none. */
export type ProbeResult =
  | { kind: 'ready'; name: string; version: string; hello: Document }
  /** The server may become available. */
  | { kind: 'away'; name: string; reason: string }
  /** The configuration has to be changed. */
  | { kind: 'wrong'; name: string; reason: string }

export interface ProbeLimits {
  /** Time to wait for a server, in milliseconds. */
  selectionTimeout: number
  /** Time for a server to execute a command, in milliseconds. */
  commandTimeout: number
}

export const defaultProbeLimits: ProbeLimits = { selectionTimeout: 2000, commandTimeout: 10_000 }

const authenticationFailed = 18

/** Queries a server for its description. The result contains no credentials. */
export async function probeMongo(
  url: string,
  limits: ProbeLimits = defaultProbeLimits,
): Promise<ProbeResult> {
  let client: MongoClient
  try {
    client = createClient(url, limits)
  } catch (error) {
    return { kind: 'wrong', name: 'MongoDB', reason: whyNoAddress(url, error) }
  }
  const { srvHost, hosts, replicaSet } = client.options
  const name = `MongoDB at ${srvHost ?? hosts.map(String).join(', ')}`
  try {
    const admin = client.db('admin')
    const { version } = await admin.command({ buildInfo: 1 })
    const hello = await helloOf(client)
    const flaw = flawOf(hello, replicaSet)
    return flaw === undefined ? { kind: 'ready', name, version: String(version), hello } : { ...flaw, name }
  } catch (error) {
    return { ...(await whyNot(error, client, limits)), name }
  } finally {
    await client.close()
  }
}

/** Not every compatible server knows the newer command. */
async function helloOf(client: MongoClient): Promise<Document> {
  const admin = client.db('admin')
  return await admin.command({ hello: 1 }).catch(() => admin.command({ isMaster: 1 }))
}

type Flaw = Pick<ProbeResult & { kind: 'away' | 'wrong' }, 'kind' | 'reason'>

/** Why a server is not the wanted one. */
export function flawOf(hello: Document, wantedSet: string | undefined): Flaw | undefined {
  const set: string | undefined = hello['setName']
  if (wantedSet !== undefined && set !== undefined && set !== wantedSet)
    return {
      kind: 'wrong',
      reason: `is of replica set ${set}, and the connection string asks for ${wantedSet}`,
    }
  if (wantedSet !== undefined && set === undefined) {
    return hello['isreplicaset'] === true
      ? { kind: 'away', reason: `has no replica set yet: ${wantedSet} has to be initiated` }
      : { kind: 'wrong', reason: `is in no replica set, and the connection string asks for ${wantedSet}` }
  }
  if (isWritable(hello)) return undefined
  const role = set === undefined ? 'takes no writes' : `is not the primary of replica set ${set}`
  return {
    kind: 'away',
    reason: `${role}: a connection string without directConnection finds the one that is`,
  }
}

export function isWritable(hello: Document): boolean {
  return hello['isWritablePrimary'] === true || hello['ismaster'] === true
}

async function whyNot(failure: unknown, client: MongoClient, limits: ProbeLimits): Promise<Flaw> {
  if (failure instanceof MongoServerError) {
    const isRefusal = failure.code === authenticationFailed
    const what = isRefusal ? 'refuses the credentials of the connection string' : 'refuses to answer'
    return { kind: 'wrong', reason: `${what}: ${firstLine(failure)}` }
  }
  if (!(failure instanceof MongoServerSelectionError))
    return { kind: 'away', reason: `does not answer: ${firstLine(failure)}` }
  const flaws = await Promise.all(
    client.options.hosts.map((host) => flawOfHost(String(host), client, limits)),
  )
  const found = flaws.flatMap((flaw) => flaw ?? [])
  return found.find(({ kind }) => kind === 'wrong') ?? found[0] ?? unanswered(failure)
}

function unanswered(error: MongoServerSelectionError): Flaw {
  const cause = error.cause instanceof Error ? error.cause.cause : undefined
  const code = codeOf(cause)
  const why = typeof code === 'string' ? code : firstLine(error)
  return { kind: 'away', reason: `does not answer: ${why}` }
}

/** The driver only reports that it found no server of the replica set, so each server is probed by itself. */
async function flawOfHost(
  host: string,
  { options }: MongoClient,
  limits: ProbeLimits,
): Promise<Flaw | undefined> {
  if (options.replicaSet === undefined) return undefined
  const { tls } = options
  const alone = createClient(`mongodb://${host}/`, limits, { directConnection: true, tls })
  try {
    return flawOf(await helloOf(alone), options.replicaSet)
  } catch {
    return undefined
  } finally {
    await alone.close()
  }
}

/** The driver's message may contain a part of the password. */
function whyNoAddress(url: string, error: unknown): string {
  const [, after = ''] = /^[a-z+]+:\/\/[^?]*\?(.*)$/.exec(url) ?? []
  const isSafe = url.includes('://') && !after.includes('@') && !/:\/\/[^/]*@[^/]*@/.test(url)
  if (isSafe) return `cannot be asked: the connection string is wrong: ${firstLine(error)}`
  return 'cannot be asked: the connection string is wrong: encode special characters of a password as %XX'
}

function firstLine(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error)
}

/**
 * Writes, indexes and reads a document in a temporary database. Resolves with the duration in milliseconds.
 * @throws MongoError an operation that the server does not allow or support
 */
export async function tryMongo(
  url: string,
  prefix: string,
  limits: ProbeLimits = defaultProbeLimits,
): Promise<number> {
  const client = createClient(url, limits)
  const started = performance.now()
  try {
    const database = ownDatabase(client, `${prefix}doctor`)
    const probes = database.collection<Document & { _id: string }>(`probe-${randomBytes(6).toString('hex')}`)
    try {
      await probes.createIndex({ text: 1 }, { name: 'text' })
      await probes.replaceOne({ _id: 'probe' }, { text: 'written' }, { upsert: true })
      const found = await probes.findOne({ text: 'written' })
      if (found?._id !== 'probe') throw new Error('the written document was not found')
    } finally {
      await probes.drop()
    }
    return performance.now() - started
  } finally {
    await client.close()
  }
}
