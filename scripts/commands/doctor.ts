import { messageOf } from '../../model/error-details.ts'
import { access, constants, statfs } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { Command } from 'commander'
import { makePrivateFolder } from '../../storage/shared/private-files.ts'
import type { Configuration, Flags } from '../../server/configuration/configuration.ts'
import { httpAddress } from '../../server/http/http-address.ts'
import type { Finding } from './finding.ts'
import { configurationOf, warnOfLinks, withFlags } from './configured.ts'
import { pushAll } from '../../model/push-all.ts'

const LEAST_NODE = [20, 19] as const
/** Bytes of free disk below which doctor warns. */
const LEAST_DISK = 1024 ** 3
/** Milliseconds that a service has to accept a connection. */
const CONNECT_TIMEOUT = 2000

/** `atrium doctor`: checks whether this machine can run the server as configured. */
export function doctorCommand(): Command {
  const command = withFlags(
    new Command('doctor').description('Check ports, data folder, disk, Node and services.'),
  )
  return command.action(async (flags: Flags) => {
    const configuration = configurationOf(flags)
    warnOfLinks()
    const findings = [
      node(),
      await library(),
      await dataFolder(configuration),
      await disk(configuration),
      await port(configuration),
    ]
    pushAll(findings, await services(configuration))
    for (const { ok, what } of findings) process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${what}\n`)
    if (findings.some(({ ok }) => !ok)) process.exitCode = 1
  })
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [leastMajor, leastMinor] = LEAST_NODE
  const ok = major > leastMajor || (major === leastMajor && minor >= leastMinor)
  return { ok, what: `Node ${process.versions.node} (${LEAST_NODE.join('.')} or later is needed)` }
}

async function library(): Promise<Finding> {
  try {
    const { Sqlite } = await import('../../storage/sqlite/file/sqlite.ts')
    new Sqlite(':memory:').close()
    return { ok: true, what: 'better-sqlite3 loads' }
  } catch (error) {
    return { ok: false, what: `better-sqlite3 does not load: ${messageOf(error)}` }
  }
}

async function dataFolder({ data }: Configuration): Promise<Finding> {
  try {
    await makePrivateFolder(data)
    await access(data, constants.W_OK)
    return { ok: true, what: `data folder ${data} can be written` }
  } catch (error) {
    return { ok: false, what: `data folder ${data} cannot be written: ${messageOf(error)}` }
  }
}

async function disk({ data }: Configuration): Promise<Finding> {
  const { bavail, bsize } = await statfs(data).catch(() => ({ bavail: 0, bsize: 0 }))
  const free = bavail * bsize
  return {
    ok: free >= LEAST_DISK,
    what: `disk: ${(free / 1024 ** 3).toFixed(1)} GiB free (1 GiB or more is needed)`,
  }
}

async function port({ host, port: number, tlsCert }: Configuration): Promise<Finding> {
  if (await isFree(host, number)) return { ok: true, what: `port ${number} of ${host} is free` }
  const answer = await fetch(`${httpAddress(host, number, tlsCert !== undefined)}/api/v1/version`, {
    signal: AbortSignal.timeout(CONNECT_TIMEOUT),
  }).catch(() => undefined)
  if (answer?.ok === true) return { ok: true, what: `an atrium listens on port ${number} of ${host}` }
  return { ok: false, what: `port ${number} of ${host} is in use by something else` }
}

async function isFree(host: string, number: number): Promise<boolean> {
  const probe = createServer()
  return await new Promise((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(number, host, () => probe.close(() => resolve(true)))
  })
}

async function services({ mongoUrl, mongoPrefix, redisUrl, accounts }: Configuration): Promise<Finding[]> {
  const named: [string, string | undefined, number][] = [
    ['Redis', redisUrl, 6379],
    ['accounts', accounts === 'builtin' || accounts === 'none' ? undefined : accounts, 80],
  ]
  const configured = named.filter(([, url]) => url !== undefined)
  const findings = await Promise.all([
    ...(mongoUrl === undefined ? [] : [lookAtMongo(mongoUrl, mongoPrefix)]),
    ...configured.map(([name, url, fallback]) => reachable(name, url ?? '', fallback)),
  ])
  return findings.flat()
}

/** Loads the driver only when it is needed, as that takes long. */
async function lookAtMongo(url: string, prefix: string): Promise<Finding[]> {
  const { mongodb } = await import('./doctor-mongodb.ts')
  return await mongodb(url, prefix)
}

/** Whether something accepts connections there. The address is shown without credentials. */
async function reachable(name: string, url: string, fallbackPort: number): Promise<Finding> {
  if (!URL.canParse(url)) return { ok: false, what: `${name}: its address is no URL` }
  const { hostname, port: given } = new URL(url)
  const number = given === '' ? fallbackPort : Number(given)
  const ok = await new Promise<boolean>((resolve) => {
    const socket = connect({ host: hostname, port: number, timeout: CONNECT_TIMEOUT })
    const answer = (value: boolean) => () => {
      socket.destroy()
      resolve(value)
    }
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false))
  })
  return { ok, what: `${name} at ${hostname}:${number} ${ok ? 'takes connections' : 'does not answer'}` }
}
