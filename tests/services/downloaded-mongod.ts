import { startMongodOf } from './mongod.ts'
import type { MissingService, Service } from './service.ts'

export interface DownloadLimits {
  /** Milliseconds until the host responds, before the download begins. */
  answer: number
  /** Milliseconds for the whole download, also when another process makes it. */
  download: number
}

const downloadLimits: DownloadLimits = { answer: 5000, download: 120_000 }

/** The variables from which mongodb-memory-server-core reads a proxy. */
const proxyVariables = ['https_proxy', 'http_proxy', 'HTTPS_PROXY', 'HTTP_PROXY']

/** MongoDB itself as a replica set of one, which mongodb-memory-server-core downloads once. */
export async function startDownloadedMongod(
  limits: DownloadLimits = downloadLimits,
): Promise<Service | MissingService> {
  let program: string
  try {
    program = await downloadedMongod(limits)
  } catch (error) {
    return { missing: `mongodb-memory-server has no mongod: ${reasonOf(error)}` }
  }
  return await startMongodOf(program)
}

/** The file of the program. */
async function downloadedMongod({ answer, download }: DownloadLimits): Promise<string> {
  const { DryMongoBinary, MongoBinary } = await import('mongodb-memory-server-core')
  const { MongoBinaryDownloadUrl } =
    await import('mongodb-memory-server-core/lib/util/MongoBinaryDownloadUrl.js')
  const there = await DryMongoBinary.locateBinary(DryMongoBinary.getEnsuredOptions())
  if (there !== undefined) return there
  const wanted = await DryMongoBinary.generateOptions()
  await requireAnswer(await new MongoBinaryDownloadUrl(wanted).getDownloadUrl(), answer)
  return await within(MongoBinary.getPath(), download)
}

/** An unreachable host is reported at once: the download itself waits for minutes. */
async function requireAnswer(url: string, timeout: number): Promise<void> {
  const proxy = proxyVariables.map((name) => process.env[name]).find((value) => value)
  const signal = AbortSignal.timeout(timeout)
  try {
    const { ok, status } = await fetch(proxy ?? url, { method: 'HEAD', signal })
    if (!ok && proxy === undefined) throw new Error(`HTTP ${status}`)
  } catch (error) {
    throw new Error(`${new URL(proxy ?? url).host} does not answer: ${reasonOf(error)}`, { cause: error })
  }
}

async function within<T>(action: Promise<T>, limit: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${limit} ms`)), limit)
  })
  try {
    return await Promise.race([action, late])
  } finally {
    clearTimeout(timer)
  }
}

/** In one line: the code of the cause of `fetch`, or the message. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  const { code } = (cause ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : message.split('\n', 1).join('')
}
