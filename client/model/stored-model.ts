import type { Tx } from '../../model/transactions.ts'
import type { Cancel, Clock } from '../runtime/environment.ts'
import type { ClientModel } from './client-model.ts'
import type { StoreAccess } from '../store/guarded-store.ts'

const KEY = 'model'
/** Milliseconds in which several changes are written as one. */
const DELAY = 1000

/** The model, kept so that only what is new has to be loaded. */
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

  /** @throws Error when it is damaged; there is no model then */
  async load(): Promise<void> {
    const kept = await this.#store.get(KEY)
    if (kept === undefined) return
    try {
      const { transactions, hash } = kept as { transactions: Tx[]; hash: string }
      this.#model.load({ transactions, hash, full: true })
      if (this.#model.hash !== hash) throw new Error('the hash is that of another model')
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

  /** What is not written yet is written now. */
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
