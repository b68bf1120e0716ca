import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ClientStore } from './client-store.ts'
import { FileLock } from './file-lock.ts'
import { makeFolder } from './folder.ts'
import { Journal } from './journal.ts'

const DEFAULT_COMPACT_ABOVE = 1024 * 1024

export interface FileStoreOptions {
  /** Bytes from which on the file is compacted, when half of it is obsolete. Default: 1 MiB. */
  compactAbove?: number
}

/**
 * A store in a file, for Node. Each change is a line, and is on disk (`fdatasync`) when its promise resolves: a process
 * that is killed loses none that was acknowledged.
 *
 * @example
 * const store = fileStore('./ann.atrium')
 * const client = createNodeClient({ url, getToken, store })
 * client.terminate()
 * await store.close()
 */
export function fileStore(path: string, options: FileStoreOptions = {}): FileStore {
  return new FileStore(path, options)
}

/** See `fileStore`. Values are JSON values. One process uses the file at a time. */
export class FileStore implements ClientStore {
  readonly #path: string
  readonly #journal: Journal
  readonly #lock: FileLock
  readonly #compactAbove: number
  /** The last line of each key. */
  readonly #lines = new Map<string, string>()
  /** Lines that cannot be parsed: they stay in the file, for a person to look at. */
  readonly #damaged: string[] = []
  /** Bytes of `#lines` and `#damaged`: the size of the file after a compaction. */
  #size = 0
  #opened: Promise<void> | undefined
  /** Lines of the next write. */
  #queued: string[] = []
  #nextWrite: Promise<void> | undefined
  #lastWrite: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(path: string, { compactAbove = DEFAULT_COMPACT_ABOVE }: FileStoreOptions) {
    this.#path = path
    this.#journal = new Journal(path)
    this.#lock = new FileLock(`${path}-lock`)
    this.#compactAbove = compactAbove
  }

  async get(key: string): Promise<unknown> {
    await this.#open()
    return valueOf(this.#lines.get(key))
  }

  /** @throws Error when the file cannot be written, or another process uses the store */
  async set(key: string, value: unknown): Promise<void> {
    const line = JSON.stringify([key, value])
    await this.#open()
    this.#put(key, line)
    await this.#write(line)
  }

  /** @throws Error as `set` */
  async delete(key: string): Promise<void> {
    await this.#open()
    if (!this.#lines.has(key)) return
    this.#put(key, undefined)
    await this.#write(JSON.stringify([key]))
  }

  /** @param damaged called when lines cannot be parsed; they are skipped */
  async entries(
    prefix: string,
    damaged: (error: unknown) => void = () => undefined,
  ): Promise<[key: string, value: unknown][]> {
    await this.#open()
    if (this.#damaged.length > 0)
      damaged(new Error(`${this.#path} has ${this.#damaged.length} damaged lines, which are left out`))
    const found = [...this.#lines].filter(([key]) => key.startsWith(prefix))
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, line]) => [key, valueOf(line)])
  }

  /** Waits for pending writes, and releases the file. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#opened === undefined) return
    const wasOpened = await this.#opened.then(
      () => true,
      () => false,
    )
    if (!wasOpened) return
    await Promise.allSettled([this.#nextWrite, this.#lastWrite])
    await this.#journal.close()
    await this.#lock.release()
  }

  #open(): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Error('the store is closed'))
    this.#opened ??= this.#load().catch((error: unknown) => {
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }

  async #load(): Promise<void> {
    await makeFolder(dirname(this.#path))
    await this.#lock.take()
    // The lock file of an earlier version.
    await rm(`${this.#path}.lock`, { force: true })
    try {
      const lines = await this.#journal.open()
      for (const line of lines) this.#take(line)
    } catch (error) {
      this.#lines.clear()
      this.#damaged.length = 0
      this.#size = 0
      await this.#journal.close()
      await this.#lock.release()
      throw error
    }
  }

  #take(line: string): void {
    const entry = entryOf(line)
    if (entry === undefined) {
      this.#damaged.push(line)
      this.#size += sizeOf(line)
    } else this.#put(entry.key, entry.hasValue ? line : undefined)
  }

  #put(key: string, line: string | undefined): void {
    this.#size += sizeOf(line) - sizeOf(this.#lines.get(key))
    if (line === undefined) this.#lines.delete(key)
    else this.#lines.set(key, line)
  }

  /** Lines that are added during a write are written together by the next one. */
  #write(line: string): Promise<void> {
    this.#queued.push(line)
    if (this.#nextWrite === undefined) {
      const write = this.#lastWrite.then(() => this.#writeQueued())
      this.#nextWrite = write
      // A compaction that fails, as for lack of space, leaves the file as it is.
      this.#lastWrite = write.then(() => this.#compact()).catch(() => undefined)
    }
    return this.#nextWrite
  }

  async #writeQueued(): Promise<void> {
    this.#nextWrite = undefined
    await this.#journal.append(this.#queued.splice(0))
  }

  async #compact(): Promise<void> {
    const { bytes } = this.#journal
    if (bytes > this.#compactAbove && bytes > 2 * this.#size)
      await this.#journal.replace([...this.#damaged, ...this.#lines.values()])
  }
}

/** `undefined` for a damaged line. */
function entryOf(line: string): { key: string; hasValue: boolean } | undefined {
  try {
    const entry: unknown = JSON.parse(line)
    if (!Array.isArray(entry) || typeof entry[0] !== 'string') return undefined
    return { key: entry[0], hasValue: entry.length > 1 }
  } catch {
    return undefined
  }
}

/** Bytes of the line with its line break. */
function sizeOf(line: string | undefined): number {
  return line === undefined ? 0 : Buffer.byteLength(line) + 1
}

function valueOf(line: string | undefined): unknown {
  if (line === undefined) return undefined
  const [, value]: unknown[] = JSON.parse(line)
  return value
}
