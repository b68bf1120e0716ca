import { link, readFile, rm, writeFile } from 'node:fs/promises'

/** The process that holds it; the time of its start tells it from an earlier one of the same number. */
interface Holder {
  pid: number
  started: number
}

/** A file beside another one that says which process uses that. What a process that is gone has left is taken over. */
export class FileLock {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** @throws Error when a process that lives, this one too, holds it */
  async take(): Promise<void> {
    if (await this.#create()) return
    const holder = await this.#holder()
    if (holder !== undefined && isAlive(holder))
      throw new Error(`process ${holder.pid} uses the store already: ${this.#path}`)
    await rm(this.#path, { force: true })
    if (!(await this.#create())) throw new Error(`another process took the store: ${this.#path}`)
  }

  async release(): Promise<void> {
    await rm(this.#path, { force: true })
  }

  /** In one step, so that whoever finds it finds who holds it. */
  async #create(): Promise<boolean> {
    const holder: Holder = { pid: process.pid, started: performance.timeOrigin }
    const own = `${this.#path}.${process.pid}`
    await writeFile(own, JSON.stringify(holder))
    try {
      await link(own, this.#path)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      return false
    } finally {
      await rm(own, { force: true })
    }
  }

  /** `undefined` when the file says nothing of use, or is gone. */
  async #holder(): Promise<Holder | undefined> {
    try {
      return JSON.parse(await readFile(this.#path, 'utf8')) as Holder
    } catch {
      return undefined
    }
  }
}

function isAlive({ pid, started }: Holder): boolean {
  if (pid === process.pid) return started === performance.timeOrigin
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
