import type { Cancel, Clock } from '../runtime/environment.ts'
import type { ClientStore } from './client-store.ts'

/** Milliseconds a store has to answer. */
const PATIENCE = 5000

type Entries = [key: string, value: unknown][]

/** What a client needs of its store. */
export interface StoreAccess {
  get: (key: string) => Promise<unknown>
  /** @param atOnce also while the store does not answer: nobody waits for it then, and it may come to nothing */
  set: (key: string, value: unknown, atOnce?: boolean) => Promise<void>
  delete: (key: string) => Promise<void>
  /** `undefined`: what there is cannot be told; `late` is called if it can after all. */
  entries: (prefix: string, late?: (entries: Entries) => void) => Promise<Entries | undefined>
}

export interface GuardedStoreOptions {
  store: ClientStore
  clock: Clock
  failed: (error: unknown) => void
}

/**
 * A store that never fails, and always answers in time: where the one behind it does not, that is told, and the client
 * goes on as without. What changed meanwhile is written when the store answers again.
 */
export class GuardedStore implements StoreAccess {
  readonly #options: GuardedStoreOptions
  /** Of the calls without an answer: each ends its wait. */
  readonly #waits = new Set<() => void>()
  /** Changes the store does not know of, the last one of each key, while it does not answer. */
  #late: Map<string, (store: ClientStore) => Promise<void>> | undefined
  /** What is to be read when it answers again. */
  #unread: (() => void)[] = []
  #isStopped = false

  constructor(options: GuardedStoreOptions) {
    this.#options = options
  }

  /** Tells of something that is wrong with what it keeps. */
  tell(error: unknown): void {
    if (!this.#isStopped) this.#options.failed(error)
  }

  async get(key: string): Promise<unknown> {
    return await this.#read((store) => store.get(key))
  }

  async set(key: string, value: unknown, atOnce = false): Promise<void> {
    const set = (store: ClientStore) => store.set(key, value)
    if (atOnce && this.#late !== undefined) void this.#answer(set)
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
    if (this.#late !== undefined) {
      this.#unread.push(() => void read().then(later))
      return undefined
    }
    let isAnswered = false
    const answer = read().finally(() => (isAnswered = true))
    const found = this.#isStopped ? undefined : await this.#inTime(answer)
    if (!isAnswered) void answer.then(later)
    return found
  }

  async #entries(prefix: string): Promise<Entries | undefined> {
    const found: unknown = await this.#answer((store) => store.entries(prefix, (error) => this.tell(error)))
    if (found === undefined) return undefined
    if (Array.isArray(found) && found.every(isEntry)) return found
    this.tell(new Error('the store answers with what are no entries'))
    return undefined
  }

  /** PendingCalls for nothing any more, and leaves no timer. */
  stop(): void {
    this.#isStopped = true
    for (const end of this.#waits) end()
  }

  async #read<T>(ask: (store: ClientStore) => Promise<T>): Promise<T | undefined> {
    return this.#late === undefined ? await this.#ask(ask) : undefined
  }

  async #write(key: string, change: (store: ClientStore) => Promise<void>): Promise<void> {
    if (this.#late === undefined) await this.#ask(change)
    else {
      // The order is that of the last changes.
      this.#late.delete(key)
      this.#late.set(key, change)
    }
  }

  /** The answer; `undefined` when there is none, or not in time. */
  async #ask<T>(ask: (store: ClientStore) => Promise<T>): Promise<T | undefined> {
    const answer = this.#answer(ask)
    return this.#isStopped ? undefined : await this.#inTime(answer)
  }

  async #answer<T>(ask: (store: ClientStore) => Promise<T>): Promise<T | undefined> {
    try {
      return await ask(this.#options.store)
    } catch (error) {
      this.tell(error)
      return undefined
    }
  }

  async #inTime<T>(answer: Promise<T>): Promise<T | undefined> {
    let end: () => void = () => undefined
    let cancel: Cancel = () => undefined
    const given = new Promise<undefined>((resolve) => {
      end = () => resolve(undefined)
      cancel = this.#options.clock.schedule(PATIENCE, () => {
        this.#jam(answer)
        end()
      })
    })
    this.#waits.add(end)
    try {
      return await Promise.race([answer, given])
    } finally {
      cancel()
      this.#waits.delete(end)
    }
  }

  #jam(answer: Promise<unknown>): void {
    void answer.then(() => this.#recover())
    if (this.#late !== undefined) return
    this.#late = new Map()
    this.tell(new Error(`the store did not answer within ${PATIENCE} ms`))
  }

  #recover(): void {
    const late = this.#late
    this.#late = undefined
    for (const read of this.#unread.splice(0)) read()
    for (const [key, change] of late ?? []) void this.#write(key, change)
  }
}

function isEntry(value: unknown): value is [key: string, value: unknown] {
  return Array.isArray(value) && typeof value[0] === 'string'
}
