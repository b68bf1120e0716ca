/** How to undo what is staged, step by step, until it is durable. */
export class Savepoints {
  readonly #undo: (() => void)[] = []
  #settled = 0

  add(undo: () => void): void {
    this.#undo.push(undo)
  }

  /**
   * A function that undoes everything staged after this call. It returns true if the group was settled in between:
   * then everything staged before the savepoint is durable, and everything still staged was undone.
   */
  mark(): () => boolean {
    const [length, settled] = [this.#undo.length, this.#settled]
    return () => {
      const isSettled = settled !== this.#settled
      for (const undo of this.#undo.splice(isSettled ? 0 : length).reverse()) undo()
      return isSettled
    }
  }

  /** Everything staged is durable. */
  settle(): void {
    this.#undo.length = 0
    this.#settled += 1
  }
}
