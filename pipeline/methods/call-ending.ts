/** `cancelled`: the client does not want the result any more. `gone`: its session is over. */
export type CallEnd = 'cancelled' | 'gone'

/** Tells a call that nobody waits for its result any more. */
export class CallEnding {
  readonly #listeners = new Set<(end: CallEnd) => void>()
  #end: CallEnd | undefined

  /** The first end counts. */
  end(end: CallEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    for (const listener of this.#listeners) listener(end)
    this.#listeners.clear()
  }

  /** Calls back once; at once if it has ended before. Returns a function that unsubscribes. */
  onEnd(listener: (end: CallEnd) => void): () => void {
    if (this.#end !== undefined) listener(this.#end)
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
