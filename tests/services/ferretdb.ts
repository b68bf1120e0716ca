import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../support/root.ts'
import { firstLine, isOnPath, killChild, outputOf, startChild, stopChild } from './child-process.ts'
import { versionOf } from './mongod.ts'
import type { MissingService, Service } from './service.ts'

/** Milliseconds. The first build downloads and compiles some 60 modules. */
const buildTimeout = 300_000
const startTimeout = 30_000
const source = join(root, 'tests', 'services', 'ferretdb')

/** FerretDB over SQLite: a durable server of the protocol, which survives `kill -9`. Go builds it once. */
export async function startFerretdb(): Promise<Service | MissingService> {
  const built = build()
  if ('missing' in built) return built
  const folder = await mkdtemp(join(tmpdir(), 'atrium-ferretdb-'))
  const start = (port: string) => startChild(built.program, [port, folder])
  let child = start('0')
  const stop = async () => {
    await stopChild(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const port = await firstLine(child, startTimeout)
    const url = `mongodb://127.0.0.1:${port}/?directConnection=true`
    const end = async () => {
      child = start(port)
      await firstLine(child, startTimeout)
    }
    const outage = { how: 'kill -9', begin: () => killChild(child), end } as const
    const version = await versionOf(url, startTimeout)
    const notAtomic = 'FerretDB finds a document and replaces it in two steps'
    const leavesHalves =
      'FerretDB makes a collection in steps, and never ends what a cut or kill left half-way'
    return { url, name: 'FerretDB', leavesHalves, version, stop, notAtomic, scans: true, outage }
  } catch (error) {
    await stop()
    return { missing: `FerretDB did not start: ${String(error)}` }
  }
}

/** The program’s file, which is created in one step, as several tests may start concurrently. */
function build(): { program: string } | MissingService {
  if (!isOnPath('go')) return { missing: 'no Go for FerretDB' }
  const program = join(root, '.cache', 'services', `ferretdb-${sourceHash()}`)
  if (existsSync(program)) return { program }
  mkdirSync(join(root, '.cache', 'services'), { recursive: true })
  const work = `${program}.${process.pid}`
  const flags = ['-trimpath', '-tags', 'ferretdb_no_postgresql', '-o', work]
  const built = outputOf('go', ['-C', source, 'build', ...flags, '.'], buildTimeout)
  if (built === undefined) {
    rmSync(work, { force: true })
    return { missing: 'Go could not build FerretDB' }
  }
  renameSync(work, program)
  return { program }
}

function sourceHash(): string {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(source, file)))
  return hash.digest('hex').slice(0, 16)
}
