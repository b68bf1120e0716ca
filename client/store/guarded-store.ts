import type { ClientStore } from './client-store.ts'

/** A store that never fails: where the one behind it does, that is told, and the client goes on as without. */
export class GuardedStore implements ClientStore {
  readonly #store: ClientStore
  readonly #failed: (error: unknown) => void

  constructor(store: ClientStore, failed: (error: unknown) => void) {
    this.#store = store
    this.#failed = failed
  }

  async get(key: string): Promise<unknown> {
    return await this.#try(() => this.#store.get(key), undefined)
  }

  async set(key: string, value: unknown): Promise<void> {
    await this.#try(() => this.#store.set(key, value), undefined)
  }

  async delete(key: string): Promise<void> {
    await this.#try(() => this.#store.delete(key), undefined)
  }

  async entries(prefix: string): Promise<[key: string, value: unknown][]> {
    return await this.#try(() => this.#store.entries(prefix), [])
  }

  async #try<T>(ask: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      this.#failed(error)
      return otherwise
    }
  }
}
