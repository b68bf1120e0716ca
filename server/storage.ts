import { join } from 'node:path'
import type { Storage } from '../pipeline/storage/contract.ts'
import { createEmbeddedStorage } from '../pipeline/storage/embedded/storage.ts'
import { createMemoryStorage } from '../pipeline/storage/memory/storage.ts'
import type { Logger } from '../pipeline/workspace.ts'
import type { Configuration } from './configuration/configuration.ts'

/** The storage that the configuration names. */
export function createStorage(configuration: Configuration, logger: Logger): Storage {
  switch (configuration.storage) {
    case 'memory':
      return createMemoryStorage()
    case 'embedded': {
      const { data, writers, readers, maxOpenFiles } = configuration
      const directory = join(data, 'workspaces')
      return createEmbeddedStorage({ directory, writers, readers, maxOpenFiles, logger })
    }
    default:
      return configuration.storage satisfies never
  }
}
