import { chmodSync, closeSync, openSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import type Database from 'better-sqlite3'

/** The first Node for which better-sqlite3 is built on Node-API. */
const NODE_API_SINCE = 22
/** Times a lock whose file was replaced meanwhile is tried again. */
const TRIES = 10
/** What the lock file may be used for: by its user. */
const PRIVATE = 0o600

/** Somebody, here or in another process, holds the lock. */
export class LockHeldError extends Error {
  constructor(path: string, cause: unknown) {
    super(`somebody uses the store already: ${path}`, { cause })
    this.name = 'LockHeldError'
  }
}

/**
 * A file beside another one, locked by whoever uses that. The lock is the operating system's, by way of SQLite: it is
 * gone with its process, however that ended, and no process that has its number now is taken for it.
 */
export class FileLock {
  readonly #path: string
  #database: Database.Database | undefined
  /** Of the file that is locked. */
  #own: string | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** @throws LockHeldError; Error what the system says when there can be no such file, or no lock on it */
  async take(): Promise<void> {
    const open = await opener()
    for (let tries = 0; tries < TRIES; tries++) {
      this.#make()
      const before = await this.#identity()
      const database = this.#lock(open)
      // Who had it may have removed the file since: then others lock another one.
      if (before !== undefined && before === (await this.#identity())) {
        this.#database = database
        this.#own = before
        return
      }
      database.close()
    }
    throw new Error(`the lock of the store changes all the time: ${this.#path}`)
  }

  async release(): Promise<void> {
    const database = this.#database
    this.#database = undefined
    if (database === undefined) return
    await this.#remove()
    database.close()
    // Where a file that is open cannot be removed.
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
      const isHeld = (cause as { code?: string }).code === 'SQLITE_BUSY'
      if (isHeld) throw new LockHeldError(this.#path, cause)
      throw new Error(`${this.#path} cannot be locked: ${(cause as Error).message}`, { cause })
    }
  }

  /** At once: to close the file would give up a lock that somebody of this process took on it meanwhile. */
  #make(): void {
    try {
      closeSync(openSync(this.#path, 'wx', PRIVATE))
      chmodSync(this.#path, PRIVATE)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }

  /** By name alone: to open a locked file and close it would give up the lock. */
  async #identity(): Promise<string | undefined> {
    try {
      const { dev, ino } = await stat(this.#path)
      return `${dev}/${ino}`
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      return undefined
    }
  }

  /** Another one, made after somebody removed this one, is another's. */
  async #remove(): Promise<void> {
    if ((await this.#identity().catch(() => undefined)) !== this.#own) return
    await rm(this.#path, { force: true }).catch(() => undefined)
  }
}

async function opener(): Promise<(path: string) => Database.Database> {
  const major = Number(process.versions.node.split('.')[0])
  const { default: Sqlite } =
    major >= NODE_API_SINCE ? await import('better-sqlite3-node-api') : await import('better-sqlite3')
  return (path) => new Sqlite(path, { timeout: 0 })
}
