/** Work on one place waits for the earlier work on it. */
export class PlaceQueue {
  readonly #last = new Map<string, Promise<void>>()

  /**
   * Runs the work in its turn.
   * @throws the reason of the signal if that aborts before
   */
  async run<T>(place: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(place)
    let done: () => void = () => undefined
    const own = new Promise<void>((resolve) => (done = resolve))
    // Those that wait for this one wait for all before it, also when this one gives up.
    const turn = Promise.all([before, own]).then(() => undefined)
    this.#last.set(place, turn)
    try {
      if (before !== undefined) await unlessAborted(before, signal)
      return await work()
    } finally {
      done()
      void turn.then(() => {
        if (this.#last.get(place) === turn) this.#last.delete(place)
      })
    }
  }
}

/** @throws the reason of the signal if that aborts first */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let stop: () => void = () => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    // The reason is one of ours, a StatusError.
    stop = () => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
