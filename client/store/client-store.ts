/** Persists the model, the account and unsent changes of a client. Each account in a workspace needs a store of its own. */
export interface ClientStore {
  get: (key: string) => Promise<unknown>
  set: (key: string, value: unknown) => Promise<void>
  delete: (key: string) => Promise<void>
  /**
   * All entries whose key begins with the prefix, in the order of their keys. Entries that cannot be read are skipped and
   * reported to `damaged`.
   */
  entries: (prefix: string, damaged?: (error: unknown) => void) => Promise<[key: string, value: unknown][]>
}

/** A store in memory. It outlives its clients, and is lost with the page or process. */
export class MemoryStore implements ClientStore {
  readonly #values = new Map<string, unknown>()

  get(key: string): Promise<unknown> {
    return Promise.resolve(this.#values.get(key))
  }

  set(key: string, value: unknown): Promise<void> {
    this.#values.set(key, value)
    return Promise.resolve()
  }

  delete(key: string): Promise<void> {
    this.#values.delete(key)
    return Promise.resolve()
  }

  entries(prefix: string): Promise<[key: string, value: unknown][]> {
    const found = [...this.#values].filter(([key]) => key.startsWith(prefix))
    return Promise.resolve(found.sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}
