import { join } from 'node:path'
import type { Storage } from '../../storage/contract.ts'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import { awaitMongo } from './await-mongo.ts'
import type { Configuration } from '../configuration/configuration.ts'
import { SEARCH, WORKSPACES } from './data-folder.ts'

/**
 * The storage that the configuration names. MongoDB is waited for; `signal` ends that.
 * @throws ConfigurationError when what it is to connect to is no address, or not what it is taken for
 * @throws Error when MongoDB did not come
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
      const { data, writers, readers, maxOpenFiles } = configuration
      const directory = join(data, WORKSPACES)
      return createSqliteStorage({ directory, writers, readers, maxOpenFiles, logger })
    }
    case 'mongodb':
      await awaitMongo(configuration, logger, signal)
      return await mongoStorage(configuration, logger)
    default:
      return configuration.storage satisfies never
  }
}

/** The driver takes long to load: only who needs it waits for it. */
async function mongoStorage(configuration: Configuration, logger: Logger): Promise<Storage> {
  const { mongoUrl: url = '', mongoPrefix: databasePrefix, mongoTimeout, mongoRetry } = configuration
  const searchDirectory = join(configuration.data, SEARCH)
  const { createMongoStorage } = await import('../../storage/mongodb/storage.ts')
  const limits = { commandTimeout: mongoTimeout * 1000, retryFor: mongoRetry * 1000 }
  return createMongoStorage({ url, databasePrefix, searchDirectory, logger, ...limits })
}
