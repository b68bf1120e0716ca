import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import type { Storage, StorageSchema, WorkspaceStorage } from '../contract.ts'
import { type LongReadLimits, LongReads } from '../shared/long-reads.ts'
import { OpenWorkspaces } from '../shared/open-workspaces.ts'
import { makePrivateFolder } from '../shared/private-files.ts'
import type { WorkerOptions } from './worker/worker-protocol.ts'
import { toError, toFailure } from './file/failure.ts'
import { fileName } from './file/file-name.ts'
import { SyncReads } from './sync-reads.ts'
import { type Registered, WorkerThread } from './worker/worker-thread.ts'
import { SqliteWorkspace } from './workspace.ts'

export interface SqliteStorageOptions {
  /** The directory of the files. Created if missing. */
  directory: string
  /** Number of writer threads, which share the workspaces. 1 by default. */
  writers?: number
  /** Number of reader threads. 1 by default. */
  readers?: number
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
  readonly #readers: WorkerThread[]
  readonly #syncReads: SyncReads
  readonly #longReads: LongReads
  readonly #workspaces = new OpenWorkspaces<SqliteWorkspace>()
  #opened = 0
  #closing: Promise<void> | undefined

  constructor(options: SqliteStorageOptions) {
    this.#directory = options.directory
    this.#longReads = new LongReads(options.longReads)
    const maxLongReads = this.#longReads.limits.atOnce
    this.#writers = threads('writer', options.writers ?? 1, { ...options, maxLongReads })
    this.#readers = threads('reader', options.readers ?? 1, { ...options, maxLongReads })
    this.#syncReads = new SyncReads({ maxOpenFiles: options.maxOpenFiles ?? defaultOpenFiles })
  }

  async openWorkspace(workspace: string, schema: StorageSchema): Promise<WorkspaceStorage> {
    return await this.#workspaces.open(workspace, (closed) => this.#open(workspace, schema, closed))
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
    const reader = assigned(this.#readers, number)
    try {
      const opened = await writer.request(registered, { method: 'open' })
      registered.attachment = { file, schema: opened.schema }
      return new SqliteWorkspace({
        registered,
        writer,
        reader,
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
    await Promise.all([...this.#writers, ...this.#readers].map((thread) => thread.close()))
  }
}

function threads(
  role: WorkerOptions['role'],
  count: number,
  options: SqliteStorageOptions & { maxLongReads: number },
): WorkerThread[] {
  const { maxOpenFiles = defaultOpenFiles, maxFileBytes, maxLongReads, logger, workerStarted } = options
  const maxPages = maxFileBytes === undefined ? undefined : Math.ceil(maxFileBytes / pageBytes)
  const crashed = (error: Error) => logger?.error({ err: error, role }, 'a storage worker has ended')
  const common = { role, maxOpenFiles, maxPages, maxLongReads, crashed }
  const thread = () => new WorkerThread({ ...common, started: workerStarted })
  return Array.from({ length: Math.max(1, count) }, thread)
}

function assigned(threads: readonly WorkerThread[], workspace: number): WorkerThread {
  const thread = threads[workspace % threads.length]
  if (thread === undefined) throw new Error('no storage worker')
  return thread
}
