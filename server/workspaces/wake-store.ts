import type { Doc, Domain } from '../../model/documents.ts'
import { unloggedDocument } from '../../pipeline/shared/unlogged-document.ts'
import type { Storage, WorkspaceStorage } from '../../storage/contract.ts'
import { RESERVED_PREFIX } from '../auth/tokens.ts'
import { KeyedQueue } from '../time/keyed-queue.ts'

/** The stored list of when to open which workspace. */
export interface WakeStore {
  /** Milliseconds since the epoch, by workspace. @throws StorageError */
  read: () => Promise<Map<string, number>>
  /** Durable when it resolves. @throws StorageError */
  set: (workspace: string, at: number) => Promise<void>
  /** @throws StorageError */
  remove: (workspace: string) => Promise<void>
  close: () => Promise<void>
}

const WORKSPACE = `${RESERVED_PREFIX}wake-ups`
const DOMAIN: Domain = 'wake-up'
/** Bytes of a page. */
const PAGE = 1024 * 1024
/** Milliseconds without a use after which the files are closed. */
const IDLE = 1000

interface WakeUp extends Doc {
  at: number
}

/** Keeps the list in a reserved workspace of the storage, without a log. It is open only while it is used. */
export class StoredWakes implements WakeStore {
  readonly #storage: Storage
  readonly #now: () => number
  readonly #turns = new KeyedQueue()
  #opened: Promise<WorkspaceStorage> | undefined
  #closing: Promise<void> | undefined
  #users = 0
  #timer: NodeJS.Timeout | undefined

  constructor(storage: Storage, now: () => number) {
    this.#storage = storage
    this.#now = now
  }

  async read(): Promise<Map<string, number>> {
    return await this.#use(readAll)
  }

  async set(workspace: string, at: number): Promise<void> {
    const wakeUp = unloggedDocument(DOMAIN, workspace, this.#now(), { at })
    await this.#write(workspace, async (storage) => await storage.upload(DOMAIN, [wakeUp]))
  }

  async remove(workspace: string): Promise<void> {
    await this.#write(workspace, async (storage) => await storage.clean(DOMAIN, [workspace]))
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#closing
    const opened = this.#opened
    this.#opened = undefined
    await (await opened?.catch(() => undefined))?.close()
  }

  async #write(workspace: string, write: (storage: WorkspaceStorage) => Promise<void>): Promise<void> {
    await this.#turns.run(workspace, async () => await this.#use(write))
  }

  async #use<T>(work: (storage: WorkspaceStorage) => Promise<T>): Promise<T> {
    this.#users += 1
    clearTimeout(this.#timer)
    try {
      await this.#closing
      return await work(await this.#open())
    } finally {
      this.#users -= 1
      if (this.#users === 0) this.#timer = setTimeout(() => this.#closeIdle(), IDLE).unref()
    }
  }

  #closeIdle(): void {
    // The next use opens them again, and says what is wrong.
    const closed = this.close().catch(() => undefined)
    this.#closing = closed.finally(() => (this.#closing = undefined))
  }

  #open(): Promise<WorkspaceStorage> {
    this.#opened ??= this.#storage.openWorkspace(WORKSPACE, { domains: [] }).catch((error: unknown) => {
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }
}

async function readAll(storage: WorkspaceStorage): Promise<Map<string, number>> {
  const wakes = new Map<string, number>()
  let cursor: string | undefined
  do {
    const page = await storage.list(DOMAIN, cursor, PAGE)
    const docs = await storage.get(
      DOMAIN,
      page.docs.map(({ id }) => id),
    )
    for (const { _id, at } of docs as Partial<WakeUp>[])
      if (_id !== undefined && typeof at === 'number') wakes.set(_id, at)
    ;({ cursor } = page)
  } while (cursor !== undefined)
  return wakes
}
