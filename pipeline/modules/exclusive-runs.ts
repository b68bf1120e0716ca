/** Milliseconds after which others no longer wait for a run that takes long. */
const LONGEST = 1000

/**
 * Runs that take place one by one in the process, so that a crash shows which one it was. Those that take long no longer
 * keep others waiting: a hanging service of one workspace is none of the others.
 */
export class ExclusiveRuns {
  #last: Promise<void> = Promise.resolve()

  /** Resolves when it is the caller's turn, with a function that ends the turn. */
  async take(): Promise<() => void> {
    const former = this.#last
    let end: () => void = () => undefined
    this.#last = new Promise((resolve) => (end = resolve))
    await former
    const timer = setTimeout(end, LONGEST).unref()
    return () => {
      clearTimeout(timer)
      end()
    }
  }
}
