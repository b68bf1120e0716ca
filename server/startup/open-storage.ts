import { join } from 'node:path'
import type { Storage } from '../../storage/contract.ts'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import { awaitMongo } from './await-mongo.ts'
import type { Configuration } from '../configuration/configuration.ts'
import { SEARCH, WORKSPACES } from './data-folder.ts'

/**
 * The storage that the configuration names. Waits for MongoDB until `signal` is aborted.
 * @throws ConfigurationError when the address is invalid, or the server there refuses the configuration
 * @throws Error when MongoDB did not respond in time
 */
export async function createStorage(
  configuration: Configuration,
  logger: Logger,
  signal?: AbortSignal,
): Promise<Storage> {
  switch (configuration.storage) {
    case 'memory':
      return createMemoryStorage()
    case 'embedded': {
      const { data, writers, readers, maxOpenFiles, readTimeout } = configuration
      const directory = join(data, WORKSPACES)
      const readerLimits = { timeout: readTimeout }
      return createSqliteStorage({ directory, writers, readers, maxOpenFiles, readerLimits, logger })
    }
    case 'mongodb':
      await awaitMongo(configuration, logger, signal)
      return await mongoStorage(configuration, logger)
    default:
      return configuration.storage satisfies never
  }
}

/** The driver takes long to load, so it is loaded only when it is needed. */
async function mongoStorage(configuration: Configuration, logger: Logger): Promise<Storage> {
  const {
    mongoUrl: url = '',
    mongoPrefix: databasePrefix,
    mongoTimeout,
    mongoRetry,
    readTimeout,
  } = configuration
  const searchDirectory = join(configuration.data, SEARCH)
  const { createMongoStorage } = await import('../../storage/mongodb/storage.ts')
  const limits = { commandTimeout: mongoTimeout * 1000, retryFor: mongoRetry * 1000 }
  return createMongoStorage({ url, databasePrefix, searchDirectory, readTimeout, logger, ...limits })
}
