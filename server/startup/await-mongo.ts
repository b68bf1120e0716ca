import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '../../pipeline/shared/logger.ts'
import type { Configuration } from '../configuration/configuration.ts'
import { ConfigurationError } from '../configuration/configuration-error.ts'

/** Milliseconds between two attempts. */
const PAUSE = 3000

/**
 * Resolves when MongoDB responds and accepts writes. Each attempt until then is a line of the log.
 * @throws ConfigurationError when the connection string is invalid, or the server refuses it
 * @throws Error when MongoDB did not respond within the configured time, or `signal` is aborted
 */
export async function awaitMongo(
  { mongoUrl: url = '', mongoWait }: Configuration,
  logger: Logger,
  signal?: AbortSignal,
): Promise<void> {
  // The driver takes long to load, so it is loaded only when it is needed.
  const { probeMongo } = await import('../../storage/mongodb/driver/probe.ts')
  const end = performance.now() + mongoWait * 1000
  for (;;) {
    const answer = await probeMongo(url)
    if (answer.kind === 'ready') return
    const { kind, name, reason } = answer
    if (kind === 'wrong') throw new ConfigurationError(`ATRIUM_MONGO_URL: ${name} ${reason}`)
    const left = end - performance.now()
    if (left <= 0)
      throw new Error(`${name} ${reason}; ATRIUM_MONGO_WAIT is how many seconds it is waited for`)
    logger.warn({ seconds: Math.ceil(left / 1000) }, `${name} ${reason}; it is asked again for some seconds`)
    await wait(Math.min(PAUSE, left), undefined, { signal })
  }
}
