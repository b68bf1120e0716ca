import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../support/root.ts'
import { firstLine, isOnPath, outputOf, startChild, stopChild } from './child-process.ts'
import type { MissingService, Service } from './service.ts'

const version = '1.47.0'
const artifacts = ['mongo-java-server', 'mongo-java-server-h2-backend']
const resolveTimeout = 180_000
const startTimeout = 30_000

/** A server of the protocol in Java, with its data in a file of H2; its jars come from Maven, once. */
export async function startMongoJavaServer(): Promise<Service | MissingService> {
  if (!isOnPath('java') || !isOnPath('mvn')) return { missing: 'no Java and Maven for mongo-java-server' }
  const jars = resolveJars()
  if (jars === undefined) return { missing: `Maven could not resolve mongo-java-server ${version}` }
  const folder = await mkdtemp(join(tmpdir(), 'atrium-mongo-'))
  const source = join(root, 'tests', 'services', 'Start.java')
  const flags = ['-XX:TieredStopAtLevel=1', '-Xshare:auto', '-cp', join(jars, '*')]
  const start = (port: string) => startChild('java', [...flags, source, port, join(folder, 'data.mv')])
  let child = start('0')
  const stop = async () => {
    await stopChild(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const port = await firstLine(child, startTimeout)
    const begin = async () => await stopChild(child)
    const end = async () => {
      child = start(port)
      await firstLine(child, startTimeout)
    }
    // A kill would lose up to a second of acknowledged writes.
    const outage = { how: 'a clean stop', begin, end } as const
    return { url: `mongodb://127.0.0.1:${port}`, name: 'mongo-java-server', version, stop, outage }
  } catch (error) {
    await stop()
    return { missing: `mongo-java-server did not start: ${String(error)}` }
  }
}

/** The folder of the jars, which is created in one step, as several tests may start concurrently. */
function resolveJars(): string | undefined {
  const folder = join(root, '.cache', 'services', `mongo-java-server-${version}`)
  if (existsSync(folder)) return folder
  const work = `${folder}.${process.pid}`
  mkdirSync(work, { recursive: true })
  writeFileSync(join(work, 'pom.xml'), pom())
  const jars = join(work, 'jars')
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${jars}`]
  const resolved = outputOf('mvn', ['-q', '-B', '-f', join(work, 'pom.xml'), ...goal], resolveTimeout)
  if (resolved !== undefined && !existsSync(folder)) renameSync(jars, folder)
  rmSync(work, { recursive: true, force: true })
  return existsSync(folder) ? folder : undefined
}

function pom(): string {
  const dependency = (artifact: string) =>
    `<dependency><groupId>de.bwaldvogel</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    '<groupId>atrium</groupId><artifactId>services</artifactId><version>1</version>',
    `<dependencies>${artifacts.map(dependency).join('')}</dependencies></project>`,
  ].join('\n')
}
