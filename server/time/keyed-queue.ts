/** Work of one key is done one after another, in the order in which it came. */
export class KeyedQueue {
  readonly #last = new Map<string, Promise<void>>()

  /** Does the work after the work before it has ended, well or not. Fails as the work does. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(work)
    const over = turn.then(
      () => undefined,
      () => undefined,
    )
    this.#last.set(key, over)
    try {
      return await turn
    } finally {
      if (this.#last.get(key) === over) this.#last.delete(key)
    }
  }
}
