import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import type { Storage } from '../../pipeline/storage/contract.ts'
import { createEmbeddedStorage } from '../../pipeline/storage/embedded/storage.ts'
import { databaseName } from '../../pipeline/storage/mongodb/database-name.ts'
import { createMongoStorage } from '../../pipeline/storage/mongodb/storage.ts'
import type { Service } from '../services/service.ts'

/** Where a server under test keeps its documents. */
export interface Backend {
  /** What the server has to be told. */
  settings: NodeJS.ProcessEnv
  /** The same documents, without a server. */
  open: () => Storage
  /** Milliseconds after the first write until a server is killed, at most. */
  longestLife: number
  /** What nobody will look at again. */
  drop: (workspace: string) => Promise<void>
}

/** Files in the server's data folder. */
export function embeddedBackend(data: string): Backend {
  return {
    settings: {},
    open: () => createEmbeddedStorage({ directory: join(data, 'workspaces') }),
    longestLife: 250,
    drop: () => Promise.resolve(),
  }
}

/**
 * A server of MongoDB's protocol, which another process is. `through`: the way to it that a test disturbs, so that it is
 * given up soon, but not before a server that scans can have answered.
 */
export function mongoBackend({ url, scans }: Pick<Service, 'url' | 'scans'>, through?: string): Backend {
  const databasePrefix = `crash-${randomBytes(4).toString('hex')}-`
  return {
    settings: {
      ATRIUM_STORAGE: 'mongodb',
      ATRIUM_MONGO_PREFIX: databasePrefix,
      ATRIUM_MONGO_URL: through ?? url,
      ATRIUM_MONGO_RETRY: through === undefined ? '20' : '1',
      ATRIUM_MONGO_TIMEOUT: through === undefined ? '20' : scans === true ? '4' : '2',
    },
    open: () => createMongoStorage({ url, databasePrefix }),
    longestLife: 1000,
    drop: async (workspace) => {
      const client = new MongoClient(url)
      // A server at hand fails to drop a database now and then; its folder goes with it.
      await client
        .db(databaseName(databasePrefix, workspace))
        .dropDatabase()
        .catch(() => undefined)
      await client.close()
    },
  }
}
