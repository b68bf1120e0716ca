import type { Tx } from '../../model/transactions.ts'
import type { ClientStore } from './client-store.ts'

const PREFIX = 'change/'
const DIGITS = 12

/** Changes that the server has not answered yet, kept in the order they were made in. */
export class KeptChanges {
  readonly #store: ClientStore
  readonly #keys = new Map<string, string>()
  #next = 0
  #loaded: Promise<Tx[]> | undefined

  constructor(store: ClientStore) {
    this.#store = store
  }

  /** Those of an earlier life, the oldest first. */
  load(): Promise<Tx[]> {
    this.#loaded ??= this.#load()
    return this.#loaded
  }

  async add(tx: Tx): Promise<void> {
    await this.load()
    if (this.#keys.has(tx._id)) return
    // Its own, also where several pages share the store.
    const key = `${PREFIX}${String(this.#next++).padStart(DIGITS, '0')}/${tx._id}`
    this.#keys.set(tx._id, key)
    await this.#store.set(key, tx)
  }

  async remove(tx: Tx): Promise<void> {
    const key = this.#keys.get(tx._id)
    this.#keys.delete(tx._id)
    if (key !== undefined) await this.#store.delete(key)
  }

  async #load(): Promise<Tx[]> {
    const entries = await this.#store.entries(PREFIX)
    for (const [key, tx] of entries) this.#keys.set((tx as Tx)._id, key)
    const last = entries.at(-1)?.[0].slice(PREFIX.length, PREFIX.length + DIGITS)
    this.#next = last === undefined ? 0 : Number(last) + 1
    return entries.map(([, tx]) => tx as Tx)
  }
}
