import { randomBytes } from 'node:crypto'
import { type Document, MongoClient, MongoServerError, MongoServerSelectionError } from 'mongodb'
import { codeOf } from '../../shared/out-of-files.ts'
import { createClient, ownDatabase } from './client.ts'

/** What a server says of itself, or why it says nothing. */
export type ProbeResult =
  | { kind: 'ready'; name: string; version: string; hello: Document }
  /** It may come yet. */
  | { kind: 'away'; name: string; reason: string }
  /** It will stay so until somebody changes what is configured. */
  | { kind: 'wrong'; name: string; reason: string }

export interface ProbeLimits {
  /** Milliseconds to wait for a server. */
  selectionTimeout: number
  /** Milliseconds a server has to answer a command. */
  commandTimeout: number
}

export const defaultProbeLimits: ProbeLimits = { selectionTimeout: 2000, commandTimeout: 10_000 }

const authenticationFailed = 18

/** Asks a server who it is. What is told has no credentials. */
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

/** Not every server of the protocol knows the newer name. */
async function helloOf(client: MongoClient): Promise<Document> {
  const admin = client.db('admin')
  return await admin.command({ hello: 1 }).catch(() => admin.command({ isMaster: 1 }))
}

type Flaw = Pick<ProbeResult & { kind: 'away' | 'wrong' }, 'kind' | 'reason'>

/** Why a server that answers is not the one that is looked for. */
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

/** The driver only says that it found no server of the replica set: each is asked by itself. */
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

/** The driver's own words may tell a part of the password. */
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
 * Writes, indexes and reads a document, in a database of its own, which is gone afterwards. Resolves with the
 * milliseconds that took.
 * @throws MongoError what the server does not allow or can't do
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
      if (found?._id !== 'probe') throw new Error('what was written is not found')
    } finally {
      await probes.drop()
    }
    return performance.now() - started
  } finally {
    await client.close()
  }
}
