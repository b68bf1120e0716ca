import { join } from 'node:path'
import { root } from '../support/root.ts'
import { isOnPath, outputOf } from './child-process.ts'
import { versionOf } from './mongod.ts'
import type { MissingService, Service } from './service.ts'

/** Milliseconds. A client may wait for a missing engine. */
const answerTimeout = 5000
const stopTimeout = 20_000
/** Includes the download of the image. */
const startTimeout = 180_000

/** The MongoDB of docker-compose.yml, in containers of this process, where an engine and Compose are available. */
export async function startContainer(): Promise<Service | MissingService> {
  if (!isOnPath('docker')) return { missing: 'no docker on the path' }
  if (outputOf('docker', ['info'], answerTimeout) === undefined)
    return { missing: 'no container engine answers' }
  if (outputOf('docker', ['compose', 'version'], answerTimeout) === undefined)
    return { missing: 'no docker compose' }
  const stop = () => {
    compose(['down', '--volumes'], stopTimeout)
    return Promise.resolve()
  }
  // Its health check creates the replica set, and succeeds when there is a primary.
  const started = compose(['up', '--detach', '--wait', 'mongodb'], startTimeout)
  const address = started === undefined ? undefined : compose(['port', 'mongodb', '27017'], answerTimeout)
  try {
    if (address === undefined) throw new Error('no port')
    const url = `mongodb://${address}/?directConnection=true`
    return { url, name: 'docker compose', version: await versionOf(url), stop }
  } catch (error) {
    await stop()
    return { missing: `docker compose could not start MongoDB: ${String(error)}` }
  }
}

function compose(args: readonly string[], timeout: number): string | undefined {
  const files = [join(root, 'docker-compose.yml'), join(root, 'tests', 'services', 'docker-compose.yml')]
  const project = [
    '--project-name',
    `atrium-test-${process.pid}`,
    ...files.flatMap((file) => ['--file', file]),
  ]
  return outputOf('docker', ['compose', ...project, ...args], timeout)
}
