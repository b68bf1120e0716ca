import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import type { Storage, StorageSchema, WorkspaceStorage } from '../contract.ts'
import { type LongReadLimits, LongReads } from '../shared/long-reads.ts'
import { silentObserver, type StorageObserver } from '../storage-observer.ts'
import { OpenWorkspaces } from '../shared/open-workspaces.ts'
import { makePrivateFolder } from '../shared/private-files.ts'
import type { WorkerOptions } from './worker/worker-protocol.ts'
import { toError, toFailure } from './file/failure.ts'
import { fileName } from './file/file-name.ts'
import { SyncReads } from './sync-reads.ts'
import { FEWEST_READERS, type ReaderLimits, ReaderPool } from './worker/reader-pool.ts'
import type { Registered, ThreadOptions } from './worker/running-worker.ts'
import { WorkerThread } from './worker/worker-thread.ts'
import { SqliteWorkspace } from './workspace.ts'

export interface SqliteStorageOptions {
  /** The directory of the files. Created if missing. */
  directory: string
  /** Number of writer threads, which share the workspaces. 1 by default. */
  writers?: number
  /** Number of reader threads: 2 by default, and at least. */
  readers?: number
  /** Limits of every read. `readerLimits` by default. */
  readerLimits?: Partial<ReaderLimits> | undefined
  /** Maximum number of open files per thread. Others are reopened on demand. 256 by default. */
  maxOpenFiles?: number
  /** Limits of reads that take several requests. `longReadLimits` by default. */
  longReads?: Partial<LongReadLimits>
  /** Maximum size of a workspace's file in bytes. Beyond it, commits fail as on a full disk. */
  maxFileBytes?: number
  logger?: StorageLogger
  /** Called for every thread that is started. */
  workerStarted?: (worker: Worker) => void
}

export interface StorageLogger {
  error: (fields: Record<string, unknown>, message: string) => void
}

const pageBytes = 4096
const defaultOpenFiles = 256

/**
 * Storage in SQLite files, one for each workspace, without a server of its own.
 *
 * @example
 * const storage = createSqliteStorage({ directory: 'data' })
 * const workspace = await storage.openWorkspace('home', { domains: [] })
 */
export function createSqliteStorage(options: SqliteStorageOptions): Storage {
  return new SqliteStorage(options)
}

class SqliteStorage implements Storage {
  readonly name = 'embedded'
  readonly #directory: string
  readonly #writers: WorkerThread[]
  readonly #readers: ReaderPool
  readonly #syncReads: SyncReads
  readonly #longReads: LongReads
  readonly #workspaces = new OpenWorkspaces<SqliteWorkspace>()
  #observer: StorageObserver = silentObserver
  #opened = 0
  #closing: Promise<void> | undefined

  constructor(options: SqliteStorageOptions) {
    this.#directory = options.directory
    this.#longReads = new LongReads(options.longReads)
    const maxLongReads = this.#longReads.limits.atOnce
    const writer: ThreadOptions = {
      ...threadOptions('writer', { ...options, maxLongReads }),
      waited: (seconds) => this.#observer.waited('writer', seconds),
    }
    const writers = Math.max(1, options.writers ?? 1)
    this.#writers = Array.from({ length: writers }, () => new WorkerThread(writer))
    this.#readers = new ReaderPool({
      ...threadOptions('reader', { ...options, maxLongReads }),
      count: options.readers ?? FEWEST_READERS,
      limits: options.readerLimits,
      observer: {
        waited: (role, seconds) => this.#observer.waited(role, seconds),
        timedOut: () => this.#observer.timedOut(),
        replaced: () => this.#observer.replaced(),
      },
    })
    this.#syncReads = new SyncReads({ maxOpenFiles: options.maxOpenFiles ?? defaultOpenFiles })
  }

  async openWorkspace(workspace: string, schema: StorageSchema): Promise<WorkspaceStorage> {
    return await this.#workspaces.open(workspace, (closed) => this.#open(workspace, schema, closed))
  }

  observe(observer: StorageObserver): void {
    this.#observer = observer
    const writing = () => this.#writers.reduce((sum, { depth }) => sum + depth, 0)
    observer.watchDepths(
      () =>
        new Map([
          ['reader', this.#readers.depth],
          ['writer', writing()],
        ]),
    )
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #open(workspace: string, schema: StorageSchema, closed: () => void): Promise<SqliteWorkspace> {
    await this.#makeDirectory()
    const number = this.#opened++
    const file = join(this.#directory, fileName(workspace))
    const registered: Registered = { workspace: number, attachment: { file, schema } }
    const writer = assigned(this.#writers, number)
    try {
      const opened = await writer.request(registered, { method: 'open' })
      registered.attachment = { file, schema: opened.schema }
      return new SqliteWorkspace({
        registered,
        writer,
        readers: this.#readers,
        syncReads: this.#syncReads,
        longReads: this.#longReads,
        opened,
        closed,
      })
    } catch (error) {
      await writer.request(registered, { method: 'release' }).catch(() => undefined)
      throw error
    }
  }

  async #makeDirectory(): Promise<void> {
    try {
      await makePrivateFolder(this.#directory)
    } catch (error) {
      throw toError(toFailure(error))
    }
  }

  async #close(): Promise<void> {
    await this.#workspaces.close()
    await Promise.all([...this.#writers, this.#readers].map((thread) => thread.close()))
  }
}

function threadOptions(
  role: WorkerOptions['role'],
  options: SqliteStorageOptions & { maxLongReads: number },
): ThreadOptions {
  const { maxOpenFiles = defaultOpenFiles, maxFileBytes, maxLongReads, logger, workerStarted } = options
  const maxPages = maxFileBytes === undefined ? undefined : Math.ceil(maxFileBytes / pageBytes)
  const crashed = (error: Error) => logger?.error({ err: error, role }, 'a storage worker has ended')
  return { role, maxOpenFiles, maxPages, maxLongReads, crashed, started: workerStarted }
}

function assigned(threads: readonly WorkerThread[], workspace: number): WorkerThread {
  const thread = threads[workspace % threads.length]
  if (thread === undefined) throw new Error('no storage worker')
  return thread
}
