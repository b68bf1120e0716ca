import type { Cancel, Clock } from '../runtime/environment.ts'
import type { ClientStore } from './client-store.ts'

/** Milliseconds that a call of the store may take. */
const TIMEOUT = 5000

type Entries = [key: string, value: unknown][]

/** The calls of a store that the client makes. */
export interface StoreAccess {
  get: (key: string) => Promise<unknown>
  /** @param atOnce write even while the store does not respond; nothing waits for it, and it may be lost */
  set: (key: string, value: unknown, atOnce?: boolean) => Promise<void>
  delete: (key: string) => Promise<void>
  /** `undefined` when the store cannot be read in time; `late` is called if it responds afterwards. */
  entries: (prefix: string, late?: (entries: Entries) => void) => Promise<Entries | undefined>
}

export interface GuardedStoreOptions {
  store: ClientStore
  clock: Clock
  failed: (error: unknown) => void
}

/**
 * Guards the client against its store. Calls never fail, and each returns within the timeout; errors are reported. After a
 * timeout the client goes on without the store, and changes are written when it responds again.
 */
export class GuardedStore implements StoreAccess {
  readonly #options: GuardedStoreOptions
  /** Ends the waits of the calls that have not returned. */
  readonly #waits = new Set<() => void>()
  /** While the store does not respond: the last change of each key, to be written later. */
  #deferred: Map<string, (store: ClientStore) => Promise<void>> | undefined
  /** Reads to be made when the store responds again. */
  #unread: (() => void)[] = []
  #isStopped = false

  constructor(options: GuardedStoreOptions) {
    this.#options = options
  }

  /** Reports an error of the store or of its contents. */
  report(error: unknown): void {
    if (!this.#isStopped) this.#options.failed(error)
  }

  async get(key: string): Promise<unknown> {
    return this.#deferred === undefined ? await this.#callInTime((store) => store.get(key)) : undefined
  }

  async set(key: string, value: unknown, atOnce = false): Promise<void> {
    const set = (store: ClientStore) => store.set(key, value)
    if (atOnce && this.#deferred !== undefined) void this.#call(set)
    else await this.#write(key, set)
  }

  async delete(key: string): Promise<void> {
    await this.#write(key, (store) => store.delete(key))
  }

  async entries(
    prefix: string,
    late: (entries: Entries) => void = () => undefined,
  ): Promise<Entries | undefined> {
    const read = async () => await this.#entries(prefix)
    const later = (found: Entries | undefined) => {
      if (found !== undefined && !this.#isStopped) late(found)
    }
    if (this.#deferred !== undefined) {
      this.#unread.push(() => void read().then(later))
      return undefined
    }
    let isSettled = false
    const reading = read().finally(() => (isSettled = true))
    const found = this.#isStopped ? undefined : await this.#inTime(reading)
    if (!isSettled) void reading.then(later)
    return found
  }

  async #entries(prefix: string): Promise<Entries | undefined> {
    const found: unknown = await this.#call((store) => store.entries(prefix, (error) => this.report(error)))
    if (found === undefined) return undefined
    if (Array.isArray(found) && found.every(isEntry)) return found
    this.report(new Error('the store returned values that are no entries'))
    return undefined
  }

  /** Ends all waits and their timers. */
  stop(): void {
    this.#isStopped = true
    for (const end of this.#waits) end()
  }

  async #write(key: string, change: (store: ClientStore) => Promise<void>): Promise<void> {
    if (this.#deferred === undefined) await this.#callInTime(change)
    else {
      // Deleted first, as the map keeps the order of the last changes.
      this.#deferred.delete(key)
      this.#deferred.set(key, change)
    }
  }

  /** `undefined` when the store fails, or does not respond in time. */
  async #callInTime<T>(call: (store: ClientStore) => Promise<T>): Promise<T | undefined> {
    const response = this.#call(call)
    return this.#isStopped ? undefined : await this.#inTime(response)
  }

  async #call<T>(call: (store: ClientStore) => Promise<T>): Promise<T | undefined> {
    try {
      return await call(this.#options.store)
    } catch (error) {
      this.report(error)
      return undefined
    }
  }

  async #inTime<T>(response: Promise<T>): Promise<T | undefined> {
    let end: () => void = () => undefined
    let cancel: Cancel = () => undefined
    const timeout = new Promise<undefined>((resolve) => {
      end = () => resolve(undefined)
      cancel = this.#options.clock.schedule(TIMEOUT, () => {
        this.#timedOut(response)
        end()
      })
    })
    this.#waits.add(end)
    try {
      return await Promise.race([response, timeout])
    } finally {
      cancel()
      this.#waits.delete(end)
    }
  }

  #timedOut(response: Promise<unknown>): void {
    void response.then(() => this.#recover())
    if (this.#deferred !== undefined) return
    this.#deferred = new Map()
    this.report(new Error(`the store did not answer within ${TIMEOUT} ms`))
  }

  #recover(): void {
    const deferred = this.#deferred
    this.#deferred = undefined
    for (const read of this.#unread.splice(0)) read()
    for (const [key, change] of deferred ?? []) void this.#write(key, change)
  }
}

function isEntry(value: unknown): value is [key: string, value: unknown] {
  return Array.isArray(value) && typeof value[0] === 'string'
}
