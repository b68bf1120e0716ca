import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { randomBytes } from 'node:crypto'
import type Database from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import { StorageError } from '../../contract.ts'
import { createPrivateFile } from '../../shared/private-files.ts'
import { MAX_ROW_STEPS } from '../../../model/query/work-meter.ts'
import { registerFunctions } from '../sql/functions.ts'
import type { SqlFragment, SqlValue } from '../sql/sql-fragment.ts'
import { Sqlite } from './sqlite.ts'

/** `atri`, in `PRAGMA application_id`. */
const applicationId = 0x61747269
export const formatVersion = 3

const preparedAtOnce = 100
/** Milliseconds. */
const waitForLock = 5000

/** In KiB, for each open file. Pages are cached as they are read. */
const readerCache = 8192
const writerCache = 4096

const creation = `
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${formatVersion};
  CREATE TABLE meta (name NOT NULL PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
  CREATE TABLE tx (
    seq INTEGER PRIMARY KEY, request, result, _id NOT NULL UNIQUE, _class, space, modifiedOn, modifiedBy,
    objectId, objectClass, objectSpace, data NOT NULL
  );
  CREATE INDEX tx_request ON tx (request) WHERE request IS NOT NULL;
  CREATE INDEX tx_object ON tx (objectId);
  CREATE INDEX tx_model ON tx (seq) WHERE objectSpace = 'core:space:Model';
  CREATE TABLE search_doc (
    rowid INTEGER PRIMARY KEY, domain, id, _class, space, digest, createdBy, UNIQUE (domain, id)
  );
  CREATE VIRTUAL TABLE search USING fts5 (title, body, content='', contentless_delete=1, tokenize='ascii');
`

/**
 * The pragmas of a connection. No memory map: truncation of a mapped file would end the process. Checkpoints at 16
 * MiB: at the default of 4, they cost a busy workspace as much as its commits.
 */
const connection = `
  PRAGMA synchronous = FULL;
  PRAGMA mmap_size = 0;
  PRAGMA temp_store = MEMORY;
  PRAGMA wal_autocheckpoint = 4000;
  PRAGMA journal_size_limit = 16777216;
`

type Statement<T> = Database.Statement<SqlValue[], T>

export interface ConnectionOptions {
  readOnly: boolean
  /** For the event loop, which must not wait: a lock fails at once. */
  impatient?: boolean
  /** Throws if the statement that runs has to stop. Called for every 64th row that a condition is tested on. */
  checkpoint?: (() => void) | undefined
  /** Throws if a page with a document of this number of bytes is too large. Called for documents of 16 KiB and more. */
  weigh?: ((bytes: number) => void) | undefined
  /** Maximum steps of one condition over one row, see `WorkMeter`. */
  rowSteps?: number
  /** Maximum number of 4 KiB pages in the file; no limit if undefined. */
  maxPages?: number | undefined
}

/** A connection to the file of a workspace, with its prepared statements. */
export class Connection {
  readonly db: Database.Database
  /** Throws if the read has to stop. */
  readonly checkpoint: () => void
  readonly #prepared: LRUCache<string, Statement<unknown>>

  constructor(file: string, options: ConnectionOptions) {
    this.checkpoint = options.checkpoint ?? (() => undefined)
    this.db = openDatabase(file)
    this.#prepared = new LRUCache({ max: preparedAtOnce })
    try {
      this.#setUp(options)
    } catch (error) {
      this.db.close()
      throw causeOf(error, file)
    }
  }

  /** `T` is the type of a row. It follows from the SQL. */
  prepare<T = unknown>(sql: string): Statement<T> {
    const known = this.#prepared.get(sql)
    // The same SQL was prepared with the same type.
    if (known !== undefined) return known as Statement<T>
    const statement = this.db.prepare<SqlValue[], T>(sql)
    this.#prepared.set(sql, statement)
    return statement
  }

  run(sql: string, params: readonly SqlValue[] = []): number {
    return this.prepare(sql).run(...params).changes
  }

  /** The values of the first row. */
  row<T extends SqlValue[] = SqlValue[]>(sql: string, params: readonly SqlValue[]): T | undefined {
    return this.prepare<T>(sql)
      .raw()
      .get(...params)
  }

  /** Returns the rowid. `RETURNING` would cost several times as much as the insertion. */
  insert(sql: string, params: readonly SqlValue[]): number {
    return Number(this.prepare(sql).run(...params).lastInsertRowid)
  }

  /** The first column of every row. */
  column<T>({ sql, params }: SqlFragment): T[] {
    return this.prepare<T>(sql)
      .pluck()
      .all(...params)
  }

  /** The first column of the first row. */
  value<T>({ sql, params }: SqlFragment): T | undefined {
    return this.prepare<T>(sql)
      .pluck()
      .get(...params)
  }

  rows<T>({ sql, params }: SqlFragment): T[] {
    return this.prepare<T>(sql).all(...params)
  }

  /** Runs in one transaction, or in the current one. */
  transaction<T>(kind: 'deferred' | 'immediate', run: () => T): T {
    if (this.db.inTransaction) return run()
    this.run(kind === 'deferred' ? 'BEGIN' : 'BEGIN IMMEDIATE')
    try {
      const result = run()
      this.run('COMMIT')
      return result
    } catch (error) {
      // Some failures, such as a full disk, roll back by themselves.
      if (this.db.inTransaction) this.run('ROLLBACK')
      throw error
    }
  }

  /** Runs on one snapshot. If it is `kept`, the snapshot lasts until the connection is closed. */
  snapshot<T>(run: () => T, kept: (result: T) => boolean): T {
    this.run('BEGIN')
    let isKept = false
    try {
      const result = run()
      isKept = kept(result)
      return result
    } finally {
      if (!isKept && this.db.inTransaction) this.run('COMMIT')
    }
  }

  /** Transactions inside become durable with the next commit, which is enough for data that can be rebuilt. */
  withoutSync(run: () => void): void {
    this.db.pragma('synchronous = NORMAL')
    try {
      run()
    } finally {
      this.db.pragma('synchronous = FULL')
    }
  }

  close(): void {
    this.db.close()
  }

  /** The format of the file. Only the writer upgrades it, when it opens the file. */
  get formatVersion(): number {
    return Number(this.db.pragma('user_version', { simple: true }))
  }

  #setUp({ readOnly, impatient = false, maxPages, rowSteps, weigh }: ConnectionOptions): void {
    this.db.pragma(`busy_timeout = ${impatient ? 0 : waitForLock}`)
    this.db.exec(connection)
    if (maxPages !== undefined) this.db.pragma(`max_page_count = ${maxPages}`)
    this.db.pragma(`cache_size = -${readOnly ? readerCache : writerCache}`)
    if (readOnly) this.db.pragma('query_only = ON')
    registerFunctions(this.db, { weigh, checkpoint: this.checkpoint, rowSteps: rowSteps ?? MAX_ROW_STEPS })
    this.#checkFormat()
  }

  /** Reads the header and the schema: the only parts that can be checked in constant time. */
  #checkFormat(): void {
    if (this.db.pragma('application_id', { simple: true }) !== applicationId) {
      throw new StorageError('damaged', 'the file does not belong to a workspace')
    }
    if (this.formatVersion > formatVersion)
      throw new StorageError('unavailable', `written by a newer version (${this.formatVersion})`)
    this.prepare('SELECT value FROM meta WHERE name = ?')
  }
}

/** Creates the file of a new workspace under a temporary name, so that an empty file is always damaged. */
export function createFile(file: string): void {
  if (existsSync(file)) return
  const draft = `${file}.new`
  const db = openDraft(draft)
  try {
    db.pragma('journal_mode = WAL')
    db.transaction(() => {
      db.exec(creation)
      db.prepare(`INSERT INTO meta VALUES ('epoch', ?)`).run(newEpoch())
    })()
  } finally {
    db.close()
  }
  sync(draft)
  renameSync(draft, file)
  sync(dirname(file))
}

function openDraft(draft: string): Database.Database {
  try {
    rmSync(draft, { force: true })
    // SQLite creates the files beside it with the same mode.
    createPrivateFile(draft)
    return new Sqlite(draft)
  } catch (error) {
    throw causeOf(error, draft)
  }
}

/** SQLite cannot open a file if it cannot create others beside it, and does not report why. The system does. */
function causeOf(error: unknown, file: string): unknown {
  if (!(error instanceof Sqlite.SqliteError) || !error.code.startsWith('SQLITE_CANTOPEN')) return error
  try {
    accessSync(dirname(file), constants.W_OK)
    return error
  } catch (reason) {
    return reason
  }
}

export function newEpoch(): string {
  return randomBytes(8).toString('hex')
}

function openDatabase(file: string): Database.Database {
  // SQLite treats an empty file as a new database, which would hide the loss of data.
  if (statSync(file).size === 0) throw new StorageError('damaged', 'the file is empty')
  return new Sqlite(file, { fileMustExist: true })
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
