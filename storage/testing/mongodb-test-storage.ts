import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Db, MongoClient } from 'mongodb'
import { systemClock } from '../../model/clock.ts'
import { fileName } from '../sqlite/file/file-name.ts'
import type { Subject } from './fixture.ts'
import { ownDatabase } from '../mongodb/driver/client.ts'
import { databaseName } from '../mongodb/driver/database-name.ts'
import { type OpenedWorkspace, openDatabase, type OpenOptions } from '../mongodb/open.ts'
import { createMongoStorage, type MongoStorageOptions } from '../mongodb/storage.ts'

export interface TemporarySubject extends Subject {
  /** Another storage over the same databases. */
  another: (options?: Partial<MongoStorageOptions>) => ReturnType<typeof createMongoStorage>
  prefix: string
}

/** For tests: a storage over its own databases, which are dropped with it. */
export function temporarySubject(url: string, options: Partial<MongoStorageOptions> = {}): TemporarySubject {
  const prefix = `t-${randomBytes(5).toString('hex')}-`
  const searchDirectory = options.searchDirectory ?? join(tmpdir(), `atrium-search-${prefix}`)
  const another = (more: Partial<MongoStorageOptions> = {}) =>
    createMongoStorage({ url, databasePrefix: prefix, ...options, ...more })
  const storage = another({ searchDirectory })
  const storages = [storage]
  const dispose = async () => {
    await Promise.all(storages.map((each) => each.close()))
    await dropDatabases(url, prefix)
    await rm(searchDirectory, { recursive: true, force: true })
  }
  const tracked = (more?: Partial<MongoStorageOptions>) => {
    const made = another(more)
    storages.push(made)
    return made
  }
  const indexFile = (workspace: string) => join(searchDirectory, fileName(workspace))
  return { storage, prefix, another: tracked, indexFile, dispose }
}

type Connect = (url: string) => MongoClient | Promise<MongoClient>

/** Makes bodies of tests that run over a storage of their own and a client that reaches its databases. */
export const withinSubject =
  (url: string, connect: Connect = () => new MongoClient(url)) =>
  (run: (subject: TemporarySubject, client: MongoClient) => Promise<void>) =>
  async (): Promise<void> => {
    const subject = temporarySubject(url)
    const client = await connect(url)
    try {
      await run(subject, client)
    } finally {
      await client.close()
      await subject.dispose()
    }
  }

/** The database of the workspace named `workspace`. */
export function databaseOf({ prefix }: TemporarySubject, client: MongoClient): Db {
  return client.db(databaseName(prefix, 'workspace'))
}

/** The parts of an open workspace, over a client whose commands a test may observe. */
export function openParts(
  { prefix }: TemporarySubject,
  client: MongoClient,
  options: Partial<Pick<OpenOptions, 'declared' | 'logger' | 'leastIndexed'>> = {},
): Promise<OpenedWorkspace> {
  return openDatabase({
    database: ownDatabase(client, databaseName(prefix, 'workspace')),
    declared: { domains: [] },
    retry: { retryFor: 1000, signal: new AbortController().signal },
    now: systemClock.now,
    logger: undefined,
    leastIndexed: 0,
    ...options,
  })
}

/** All databases with this prefix. */
export async function dropDatabases(url: string, prefix: string): Promise<void> {
  const client = new MongoClient(url)
  try {
    const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true })
    const own = databases.filter(({ name }) => name.startsWith(prefix))
    // One after another: a database that one substitute fails to drop is removed with that server.
    for (const { name } of own)
      await client
        .db(name)
        .dropDatabase()
        .catch(() => undefined)
  } finally {
    await client.close()
  }
}
