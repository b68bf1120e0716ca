import { join } from 'node:path'
import type { Storage } from '../pipeline/storage/contract.ts'
import { createEmbeddedStorage } from '../pipeline/storage/embedded/storage.ts'
import { createMemoryStorage } from '../pipeline/storage/memory/storage.ts'
import type { Logger } from '../pipeline/workspace.ts'
import { type Configuration, ConfigurationError } from './configuration/configuration.ts'
import { SEARCH, WORKSPACES } from './data-folder.ts'

/**
 * The storage that the configuration names.
 * @throws ConfigurationError when what it is to connect to is no address
 */
export async function createStorage(configuration: Configuration, logger: Logger): Promise<Storage> {
  switch (configuration.storage) {
    case 'memory':
      return createMemoryStorage()
    case 'embedded': {
      const { data, writers, readers, maxOpenFiles } = configuration
      const directory = join(data, WORKSPACES)
      return createEmbeddedStorage({ directory, writers, readers, maxOpenFiles, logger })
    }
    case 'mongodb':
      return await mongoStorage(configuration, logger)
    default:
      return configuration.storage satisfies never
  }
}

/** The driver takes long to load: only who needs it waits for it. */
async function mongoStorage(configuration: Configuration, logger: Logger): Promise<Storage> {
  const { mongoUrl: url = '', mongoPrefix: databasePrefix, mongoTimeout, mongoRetry } = configuration
  const searchDirectory = join(configuration.data, SEARCH)
  const { createMongoStorage } = await import('../pipeline/storage/mongodb/storage.ts')
  try {
    const limits = { commandTimeout: mongoTimeout * 1000, retryFor: mongoRetry * 1000 }
    return createMongoStorage({ url, databasePrefix, searchDirectory, logger, ...limits })
  } catch {
    // What the driver says of it may tell the password.
    throw new ConfigurationError('ATRIUM_MONGO_URL: its value is not a MongoDB connection string')
  }
}
