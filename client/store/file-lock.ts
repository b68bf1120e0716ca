import { chmodSync, closeSync, openSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import type Database from 'better-sqlite3'
import { codeOf, messageOf } from '../../model/error-details.ts'

/** From this version of Node on better-sqlite3 is built on Node-API. */
const NODE_API_SINCE = 22
/** Attempts to lock a file that others remove and create again. */
const ATTEMPTS = 10
/** The mode of the lock file: only its owner may use it. */
const PRIVATE = 0o600

/** This or another process holds the lock. */
export class LockHeldError extends Error {
  constructor(path: string, cause: unknown) {
    super(`a process uses the store already: ${path}`, { cause })
    this.name = 'LockHeldError'
  }
}

/**
 * A lock file. The operating system holds the lock, by way of SQLite: it is released when its process ends in any way, and
 * does not depend on process ids, which are reused.
 */
export class FileLock {
  readonly #path: string
  #database: Database.Database | undefined
  /** Device and inode of the file that is locked. */
  #identity: string | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** @throws LockHeldError; Error of the system when the file cannot be created or locked */
  async take(): Promise<void> {
    const open = await opener()
    for (let tries = 0; tries < ATTEMPTS; tries++) {
      this.#create()
      const before = await this.#currentIdentity()
      const database = this.#lock(open)
      // The former holder may have removed the file meanwhile: then this lock is on a file that others do not see.
      if (before !== undefined && before === (await this.#currentIdentity())) {
        this.#database = database
        this.#identity = before
        return
      }
      database.close()
    }
    throw new Error(`the lock file of the store is replaced all the time: ${this.#path}`)
  }

  async release(): Promise<void> {
    const database = this.#database
    this.#database = undefined
    if (database === undefined) return
    await this.#remove()
    database.close()
    // Windows does not remove open files.
    if (process.platform === 'win32') await this.#remove()
  }

  #lock(open: (path: string) => Database.Database): Database.Database {
    let database: Database.Database | undefined
    try {
      database = open(this.#path)
      database.pragma('journal_mode = memory')
      database.exec('begin exclusive')
      return database
    } catch (cause) {
      database?.close()
      if (codeOf(cause) === 'SQLITE_BUSY') throw new LockHeldError(this.#path, cause)
      throw new Error(`${this.#path} cannot be locked: ${messageOf(cause)}`, { cause })
    }
  }

  /** Synchronous: closing a file releases the locks that this process took on it meanwhile (POSIX). */
  #create(): void {
    try {
      closeSync(openSync(this.#path, 'wx', PRIVATE))
      chmodSync(this.#path, PRIVATE)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }

  /** By `stat` alone: opening and closing the file would release the lock. */
  async #currentIdentity(): Promise<string | undefined> {
    try {
      const { dev, ino } = await stat(this.#path)
      return `${dev}/${ino}`
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      return undefined
    }
  }

  /** Removes the file, unless it was replaced: the new one belongs to another holder. */
  async #remove(): Promise<void> {
    if ((await this.#currentIdentity().catch(() => undefined)) !== this.#identity) return
    await rm(this.#path, { force: true }).catch(() => undefined)
  }
}

async function opener(): Promise<(path: string) => Database.Database> {
  const major = Number(process.versions.node.split('.')[0])
  const { default: Sqlite } =
    major >= NODE_API_SINCE ? await import('better-sqlite3-node-api') : await import('better-sqlite3')
  return (path) => new Sqlite(path, { timeout: 0 })
}
