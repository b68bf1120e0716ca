import type { ClientStore } from './client-store.ts'

const ENTRIES = 'entries'
/** A prefix followed by this sorts after every key with the prefix. */
const LAST = '\uffff'

/**
 * A store in IndexedDB, for browsers. Pages of one origin with the same name share it: use a name for each workspace and
 * account.
 *
 * @example
 * const client = createClient({ url, getToken, store: indexedDbStore('w1/ann') })
 */
export function indexedDbStore(name: string): ClientStore {
  return new IndexedDbStore(`atrium/${name}`)
}

/** Its methods throw the browser's DOMException, such as for lack of space or access. */
class IndexedDbStore implements ClientStore {
  readonly #name: string
  #database: Promise<IDBDatabase> | undefined

  constructor(name: string) {
    this.#name = name
  }

  async get(key: string): Promise<unknown> {
    return await this.#read((entries) => entries.get(key))
  }

  async set(key: string, value: unknown): Promise<void> {
    await this.#write((entries) => entries.put(value, key))
  }

  async delete(key: string): Promise<void> {
    await this.#write((entries) => entries.delete(key))
  }

  async entries(
    prefix: string,
    damaged: (error: unknown) => void = () => undefined,
  ): Promise<[key: string, value: unknown][]> {
    const range = IDBKeyRange.bound(prefix, prefix + LAST)
    try {
      const entries = await this.#entries()
      // In one transaction, so that keys and values match.
      const [keys, values]: [string[], unknown[]] = await Promise.all([
        keysOf(entries, range),
        result(entries.getAll(range)),
      ])
      return keys.map((key, at) => [key, values[at]])
    } catch {
      return await this.#oneByOne(range, damaged)
    }
  }

  /** An entry that cannot be read fails every read of several entries. */
  async #oneByOne(
    range: IDBKeyRange,
    damaged: (error: unknown) => void,
  ): Promise<[key: string, value: unknown][]> {
    const keys = await keysOf(await this.#entries(), range)
    const found: [key: string, value: unknown][] = []
    for (const key of keys) {
      try {
        found.push([key, await this.get(key)])
      } catch (cause) {
        damaged(new Error(`the store's entry ${key} is damaged`, { cause }))
      }
    }
    return found
  }

  async #entries(): Promise<IDBObjectStore> {
    return (await this.#open()).transaction(ENTRIES, 'readonly').objectStore(ENTRIES)
  }

  async #read(request: (entries: IDBObjectStore) => IDBRequest<unknown>): Promise<unknown> {
    return await result(request(await this.#entries()))
  }

  async #write(change: (entries: IDBObjectStore) => IDBRequest): Promise<void> {
    const database = await this.#open()
    const transaction = database.transaction(ENTRIES, 'readwrite', { durability: 'strict' })
    change(transaction.objectStore(ENTRIES))
    await completed(transaction)
  }

  #open(): Promise<IDBDatabase> {
    this.#database ??= open(this.#name, () => (this.#database = undefined))
    return this.#database
  }
}

/** @param gone called when the database cannot be used, now or later */
async function open(name: string, gone: () => void): Promise<IDBDatabase> {
  try {
    const request = indexedDB.open(name, 1)
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore(ENTRIES))
    const database = await result(request)
    database.addEventListener('close', gone)
    // Another page deletes the database, and waits until all connections are closed.
    database.addEventListener('versionchange', () => {
      database.close()
      gone()
    })
    return database
  } catch (error) {
    gone()
    throw error
  }
}

async function keysOf(entries: IDBObjectStore, range: IDBKeyRange): Promise<string[]> {
  // This store writes no other keys.
  return (await result(entries.getAllKeys(range))) as string[]
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB gave no reason')))
  })
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(transaction.error ?? new Error('IndexedDB gave no reason'))
    transaction.addEventListener('complete', () => resolve())
    transaction.addEventListener('abort', fail)
    transaction.addEventListener('error', fail)
  })
}
