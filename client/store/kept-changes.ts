import type { Tx } from '../../model/transactions.ts'
import type { Keeper } from './guarded-store.ts'

const PREFIX = 'change/'
const DIGITS = 12
/** After all that may be there, where that cannot be told. */
const FAR = 5 * 10 ** (DIGITS - 1)

/** Changes that the server has not answered yet, kept in the order they were made in. */
export class KeptChanges {
  readonly #store: Keeper
  readonly #damaged: (error: Error) => void
  readonly #keys = new Map<string, string>()
  #next = 0
  #loaded: Promise<Tx[]> | undefined

  /** @param damaged told of each entry that is no change: it is left out */
  constructor(store: Keeper, damaged: (error: Error) => void = () => undefined) {
    this.#store = store
    this.#damaged = damaged
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
    const last = (entries ?? []).reduce((most, [key]) => Math.max(most, numberOf(key)), -1)
    this.#next = entries === undefined ? FAR : last + 1
    return (entries ?? []).flatMap(([key, tx]) => {
      if (!isTransaction(tx)) {
        this.#damaged(new Error(`the store's entry ${key} is damaged`))
        return []
      }
      this.#keys.set(tx._id, key)
      return [tx]
    })
  }
}

function numberOf(key: string): number {
  const number = Number(key.slice(PREFIX.length, PREFIX.length + DIGITS))
  return Number.isSafeInteger(number) ? number : -1
}

/** Whether it is a good one is for the server to say. */
function isTransaction(value: unknown): value is Tx {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Tx>)._id === 'string'
}
