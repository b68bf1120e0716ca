/** Runs a call. The promise settles when the last frame of its response was sent. */
type Work = () => Promise<unknown>

export interface MethodSlotsOptions {
  /** Calls that run at once. */
  running: number
  /** Calls that wait, and bytes of their messages. One more is refused. */
  waiting: number
  waitingBytes: number
  /** No call runs any more. */
  idle: () => void
}

/**
 * The calls of module methods of one session: started in order, a bounded number at once. Those that wait delay no
 * other request.
 */
export class MethodSlots {
  readonly #options: MethodSlotsOptions
  #waiting: { work: Work; bytes: number }[] = []
  #bytes = 0
  #running = 0
  #isStopped = false

  constructor(options: MethodSlotsOptions) {
    this.#options = options
  }

  get running(): number {
    return this.#running
  }

  /** Bytes of the messages that wait. */
  get heldBytes(): number {
    return this.#bytes
  }

  /** Starts the call, or has it wait for its turn. Returns `false` if too many wait. */
  start(work: Work, bytes: number): boolean {
    if (this.#isStopped) return true
    const { running, waiting, waitingBytes } = this.#options
    if (this.#running < running) {
      void this.#run(work)
      return true
    }
    if (this.#waiting.length >= waiting || this.#bytes + bytes > waitingBytes) return false
    this.#waiting.push({ work, bytes })
    this.#bytes += bytes
    return true
  }

  /** Starts no more calls. */
  stop(): void {
    this.#isStopped = true
    this.#waiting = []
    this.#bytes = 0
  }

  async #run(work: Work): Promise<void> {
    this.#running += 1
    try {
      await work()
    } finally {
      this.#running -= 1
      const next = this.#waiting.shift()
      if (next !== undefined) {
        this.#bytes -= next.bytes
        void this.#run(next.work)
      } else if (this.#running === 0) this.#options.idle()
    }
  }
}
