/** How to undo what is staged, step by step, until it is durable. */
export class Savepoints {
  readonly #undo: (() => void)[] = []
  /** What has an undo since the last mark. */
  readonly #undone = new Set<string>()
  #settled = 0

  /**
   * @param of what is changed. Of several changes since the last mark only the first is undone, as it restores what was
   *   before all of them: a request that changes one document ten thousand times must not keep as many copies
   */
  add(undo: () => void, of?: string): void {
    if (of !== undefined) {
      if (this.#undone.has(of)) return
      this.#undone.add(of)
    }
    this.#undo.push(undo)
  }

  /**
   * A function that undoes everything staged after this call. It returns true if the group was settled in between:
   * then everything staged before the savepoint is durable, and everything still staged was undone.
   */
  mark(): () => boolean {
    const [length, settled] = [this.#undo.length, this.#settled]
    this.#undone.clear()
    return () => {
      this.#undone.clear()
      const isSettled = settled !== this.#settled
      for (const undo of this.#undo.splice(isSettled ? 0 : length).reverse()) undo()
      return isSettled
    }
  }

  /** Everything staged is durable. */
  settle(): void {
    this.#undo.length = 0
    this.#undone.clear()
    this.#settled += 1
  }
}
