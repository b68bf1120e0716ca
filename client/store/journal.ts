import { type FileHandle, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '../../model/error-details.ts'

/** The first line of the file. */
const HEADER = '{"atrium":"client store","version":1}'

/** A file of lines, appended durably. A last line without a line break was not written completely, and is ignored. */
export class Journal {
  readonly #path: string
  #file: FileHandle | undefined
  #bytes = 0

  constructor(path: string) {
    this.#path = path
  }

  /** The size of the file. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Opens the file, or creates it, and returns its lines.
   *
   * @throws Error when the file is no journal of this version
   */
  async open(): Promise<string[]> {
    const text = await this.#read()
    if (text === '') {
      await this.replace([])
      return []
    }
    const end = text.lastIndexOf('\n') + 1
    const [header, ...lines] = text.slice(0, end).split('\n').slice(0, -1)
    if (header !== HEADER) throw new Error(`${this.#path} is no store of this client`)
    await this.#use(await open(this.#path, 'r+'), Buffer.byteLength(text.slice(0, end)))
    return lines
  }

  /** Resolves once the lines are on disk. */
  async append(lines: readonly string[]): Promise<void> {
    const file = this.#file
    if (file === undefined) throw new Error('the store is closed')
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
    // Not at the end of the file: this overwrites the remains of a failed write.
    await writeAll(file, bytes, this.#bytes)
    await file.datasync()
    this.#bytes += bytes.length
  }

  /** Replaces all lines: writes a new file, and renames it to this one. */
  async replace(lines: readonly string[]): Promise<void> {
    const bytes = Buffer.from([HEADER, ...lines].map((line) => `${line}\n`).join(''))
    const path = `${this.#path}.new`
    const file = await open(path, 'w', 0o600)
    try {
      await writeAll(file, bytes, 0)
      await file.sync()
      await rename(path, this.#path)
    } catch (error) {
      await file.close()
      throw error
    }
    await this.#use(file, bytes.length)
    await syncFolder(dirname(this.#path))
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  async #read(): Promise<string> {
    try {
      const text = await readFile(this.#path, 'utf8')
      // After a loss of power zeros may stand in place of lines that were never acknowledged.
      return text.split('\0', 1)[0] ?? ''
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      return ''
    }
  }

  async #use(file: FileHandle, bytes: number): Promise<void> {
    const former = this.#file
    this.#file = file
    this.#bytes = bytes
    await former?.close()
    await file.truncate(bytes)
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written)
    written += bytesWritten
  }
}

/** Makes the rename durable. Windows cannot open folders. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
