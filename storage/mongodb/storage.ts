import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MongoClient } from 'mongodb'
import { systemClock } from '../../model/clock.ts'
import type { Storage, StorageSchema, WorkspaceStorage } from '../contract.ts'
import { createSqliteStorage } from '../sqlite/storage.ts'
import { type LongReadLimits, LongReads } from '../shared/long-reads.ts'
import { defaultReadTimeout } from '../shared/read-timeout.ts'
import { silentObserver, type StorageObserver } from '../storage-observer.ts'
import { OpenWorkspaces } from '../shared/open-workspaces.ts'
import { createClient, ownDatabase } from './driver/client.ts'
import { databaseName } from './driver/database-name.ts'
import { toStorageError } from './driver/failure.ts'
import { openDatabase, type StorageLogger } from './open.ts'
import { SearchIndex } from './search/search-index.ts'
import { MongoWorkspace } from './workspace.ts'

export interface MongoStorageOptions {
  /** The connection string: `mongodb://...`. */
  url: string
  /** Prefix of database names: at most 20 lower-case letters, digits, `-` and `_`. `atrium-` by default. */
  databasePrefix?: string
  /** Directory of this server's full-text indexes. By default a temporary one, as long as the storage is open. */
  searchDirectory?: string
  /** Maximum number of ids that a full-text find asks for. 5,000 by default. */
  maxPrefilterIds?: number
  /** Minimum number of documents for a domain to have indexes, which are a file each. 500 by default. */
  leastIndexed?: number
  /** Maximum time of retries, in milliseconds: elections take 10 to 12 s. 30,000 by default. */
  retryFor?: number
  /** Time for a server to execute a command, in milliseconds. 30,000 by default. */
  commandTimeout?: number
  /** Time to wait for a server, in milliseconds. `retryFor` by default, within 1,000 to 5,000. */
  selectionTimeout?: number
  /** Limits of reads that take several requests. `longReadLimits` by default. */
  longReads?: Partial<LongReadLimits>
  /** Time that a read may take, in milliseconds. 10,000 by default. */
  readTimeout?: number
  logger?: StorageLogger
  now?: () => number
}

/** Milliseconds. */
const defaultRetry = 30_000

/**
 * Storage in a server of MongoDB's protocol, a database for each workspace. It takes nothing but queries, ordered
 * bulks of inserts and replacements, and unique indexes: a standalone server will do.
 *
 * @example
 * const storage = createMongoStorage({ url: 'mongodb://127.0.0.1:27017' })
 * const workspace = await storage.openWorkspace('home', { domains: [] })
 */
export function createMongoStorage(options: MongoStorageOptions): Storage {
  return new MongoStorage(options)
}

class MongoStorage implements Storage {
  readonly name = 'mongodb'
  readonly #options: MongoStorageOptions
  readonly #prefix: string
  readonly #client: MongoClient
  readonly #workspaces = new OpenWorkspaces<MongoWorkspace>()
  readonly #abort = new AbortController()
  readonly #longReads: LongReads
  /** Index files, one for each workspace. */
  readonly #search: { storage: Storage; directory: string; isTemporary: boolean }
  #observer: StorageObserver = silentObserver
  #closing: Promise<void> | undefined

  constructor(options: MongoStorageOptions) {
    const { url, databasePrefix = 'atrium-', retryFor = defaultRetry, commandTimeout = 30_000 } = options
    const { selectionTimeout = Math.min(Math.max(retryFor, 1000), 5000) } = options
    if (!/^[a-z0-9_-]{0,20}$/.test(databasePrefix))
      throw new Error(`invalid prefix of database names: ${databasePrefix}`)
    this.#options = options
    this.#prefix = databasePrefix
    this.#longReads = new LongReads(options.longReads)
    const directory = options.searchDirectory ?? join(tmpdir(), `atrium-search-${randomUUID()}`)
    const isTemporary = options.searchDirectory === undefined
    const readerLimits = { timeout: options.readTimeout ?? defaultReadTimeout }
    this.#search = { storage: createSqliteStorage({ directory, readerLimits }), directory, isTemporary }
    this.#client = createClient(url, { selectionTimeout, commandTimeout })
  }

  async openWorkspace(workspace: string, schema: StorageSchema): Promise<WorkspaceStorage> {
    return await this.#workspaces.open(workspace, (closed) => this.#open(workspace, schema, closed))
  }

  observe(observer: StorageObserver): void {
    this.#observer = observer
    this.#search.storage.observe?.(observer)
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #open(workspace: string, declared: StorageSchema, closed: () => void): Promise<MongoWorkspace> {
    const {
      retryFor = defaultRetry,
      now = systemClock.now,
      logger,
      maxPrefilterIds,
      leastIndexed = 500,
    } = this.#options
    const database = ownDatabase(this.#client, databaseName(this.#prefix, workspace))
    const retry = { retryFor, signal: this.#abort.signal }
    try {
      const opened = await openDatabase({ database, declared, retry, now, logger, leastIndexed })
      const { storage, directory } = this.#search
      const searchIndex = new SearchIndex({ storage, directory, workspace, context: opened, maxPrefilterIds })
      const timeout = this.#options.readTimeout ?? defaultReadTimeout
      const reading = { timeout, timedOut: () => this.#observer.timedOut() }
      return new MongoWorkspace(opened, { longReads: this.#longReads, searchIndex, reading, closed })
    } catch (error) {
      throw toStorageError(error)
    }
  }

  async #close(): Promise<void> {
    this.#abort.abort()
    await this.#workspaces.close()
    await this.#client.close()
    const { storage, directory, isTemporary } = this.#search
    await storage.close()
    if (isTemporary) await rm(directory, { recursive: true, force: true })
  }
}
