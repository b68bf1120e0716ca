/** Work that has the same key is done one after another, in the order in which it came. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>()

  /** Does the work when that before it is done, however it ended. Fails as the work does. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
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
