import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type Db, MongoClient } from 'mongodb'
import type { Storage } from '../../storage/contract.ts'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { databaseName } from '../../storage/mongodb/driver/database-name.ts'
import { createMongoStorage } from '../../storage/mongodb/storage.ts'
import type { Service } from '../services/service.ts'

/** Everything that the rounds write to. */
const COLLECTIONS = [
  'atrium.contested',
  'atrium.irregular',
  'atrium.meta',
  'comment',
  'module',
  'notification',
  'preference',
  'space',
  'task',
  'tx',
]

/** The storage of a server under test. */
export interface Backend {
  /** The options of the server. */
  settings: NodeJS.ProcessEnv
  /** Runs before a server opens the workspace. */
  prepare: (workspace: string) => Promise<void>
  /** The same documents, without a server. */
  open: () => Storage
  /** Maximum milliseconds from the first write until a server is killed. */
  longestLife: number
  /** Drops a workspace that is no longer needed. */
  drop: (workspace: string) => Promise<void>
}

/** Files in the server's data folder. */
export function embeddedBackend(data: string): Backend {
  return {
    settings: {},
    prepare: () => Promise.resolve(),
    open: () => createSqliteStorage({ directory: join(data, 'workspaces') }),
    longestLife: 250,
    drop: () => Promise.resolve(),
  }
}

/**
 * A server of MongoDB’s protocol, which is another process. `through` is the address of a disturbed connection to it:
 * its timeout is short, but long enough for a server that scans.
 */
export function mongoBackend({ url, scans, leavesHalves }: Service, through?: string): Backend {
  const databasePrefix = `crash-${randomBytes(4).toString('hex')}-`
  const within = async (workspace: string, run: (database: Db) => Promise<unknown>) => {
    const client = new MongoClient(url)
    try {
      await run(client.db(databaseName(databasePrefix, workspace)))
    } finally {
      await client.close()
    }
  }
  return {
    settings: {
      ATRIUM_STORAGE: 'mongodb',
      ATRIUM_MONGO_PREFIX: databasePrefix,
      ATRIUM_MONGO_URL: through ?? url,
      ATRIUM_MONGO_RETRY: through === undefined ? '60' : '1',
      ATRIUM_MONGO_TIMEOUT: through === undefined ? '60' : scans === true ? '4' : '2',
    },
    prepare: async (workspace) => {
      if (leavesHalves === undefined) return
      await within(workspace, async (database) => {
        for (const name of COLLECTIONS) await database.createCollection(name)
      })
    },
    open: () => createMongoStorage({ url, databasePrefix }),
    longestLife: 1000,
    drop: async (workspace) => {
      // A substitute fails to drop a database now and then; its folder is removed with it.
      await within(workspace, (database) => database.dropDatabase().catch(() => undefined))
    },
  }
}
