import { isFields } from '../../model/json-value.ts'
import type { Tx } from '../../model/transactions.ts'
import type { Cancel, Clock } from '../runtime/environment.ts'
import type { ClientModel } from './client-model.ts'
import type { StoreAccess } from '../store/guarded-store.ts'

const KEY = 'model'
/** Milliseconds within which several changes are written as one. */
const DELAY = 1000

/** Stores the model, so that only newer transactions have to be loaded. */
export class StoredModel {
  readonly #store: StoreAccess
  readonly #model: ClientModel
  readonly #clock: Clock
  #cancel: Cancel | undefined

  constructor(store: StoreAccess, model: ClientModel, clock: Clock) {
    this.#store = store
    this.#model = model
    this.#clock = clock
  }

  /** @throws Error when the entry is damaged; the model is empty then */
  async load(): Promise<void> {
    const stored = await this.#store.get(KEY)
    if (stored === undefined) return
    try {
      if (!isStoredModel(stored)) throw new Error('the entry is no model')
      this.#model.load({ ...stored, full: true })
      // The hash covers the transactions: it detects any damage to them.
      if (this.#model.hash !== stored.hash) throw new Error('the hash is that of another model')
    } catch (cause) {
      this.#model.clear()
      throw new Error(`the store's entry ${KEY} is damaged`, { cause })
    }
  }

  changed(): void {
    this.#cancel ??= this.#clock.schedule(DELAY, () => {
      this.#cancel = undefined
      void this.#save()
    })
  }

  /** Writes a pending change now. */
  stop(): void {
    if (this.#cancel === undefined) return
    this.#cancel()
    this.#cancel = undefined
    void this.#save()
  }

  async #save(): Promise<void> {
    const { transactions, hash } = this.#model
    await this.#store.set(KEY, { transactions: [...transactions], hash }).catch(() => undefined)
  }
}

function isStoredModel(value: unknown): value is { transactions: Tx[]; hash: string } {
  return isFields(value) && Array.isArray(value['transactions']) && typeof value['hash'] === 'string'
}
