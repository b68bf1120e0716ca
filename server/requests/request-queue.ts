/** Runs a request. A returned promise settles when the last frame of the response was sent. */
type Work = () => unknown

export interface QueueEvents {
  /** Requests wait, so the session need not be read. */
  pause: () => void
  resume: () => void
  /** No request runs any more. */
  idle: () => void
}

/** The requests of one session: started in order, a bounded number at once. */
export class RequestQueue {
  readonly #limit: number
  readonly #events: QueueEvents
  #waiting: Work[] | undefined
  #running = 0
  #isStopped = false

  /** @param limit requests that run at once */
  constructor(limit: number, events: QueueEvents) {
    this.#limit = limit
    this.#events = events
  }

  get running(): number {
    return this.#running
  }

  /** Starts the request, or has it wait for its turn; the socket is not read meanwhile. */
  start(work: Work): void {
    if (this.#isStopped) return
    if (this.#waiting === undefined && this.#running < this.#limit) {
      this.#run(work)
      return
    }
    this.#waiting ??= []
    if (this.#waiting.push(work) === 1) this.#events.pause()
  }

  /** Starts no more requests. Running ones are responded to while the session lives. */
  stop(): void {
    this.#isStopped = true
    // A socket that is not read would not complete its closing handshake.
    if (this.#waiting !== undefined) this.#events.resume()
    this.#waiting = undefined
  }

  #run(work: Work): void {
    const done = work()
    if (done instanceof Promise) void this.#settle(done)
  }

  async #settle(done: Promise<unknown>): Promise<void> {
    this.#running += 1
    try {
      await done
    } finally {
      this.#running -= 1
      this.#startWaiting()
    }
  }

  #startWaiting(): void {
    while (this.#waiting !== undefined && this.#running < this.#limit) {
      const waiting = this.#waiting.shift()
      if (waiting === undefined) break
      this.#run(waiting)
    }
    if (this.#waiting?.length === 0) {
      this.#waiting = undefined
      this.#events.resume()
    }
    if (this.#running === 0) this.#events.idle()
  }
}
