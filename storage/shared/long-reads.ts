import { StorageError } from '../contract.ts'

/** Limits of reads that take several requests. Each holds a snapshot or a cursor. */
export interface LongReadLimits {
  /** Maximum number: per reader thread in SQLite storage, per storage otherwise. */
  atOnce: number
  /** Time that a read waits for another one to end, in milliseconds. */
  wait: number
  /** Time between two requests of a read before it is ended, in milliseconds. */
  idle: number
  /** The same for the scan of a domain for a backup, until it is complete. */
  scanIdle: number
  /** Maximum duration of a read, in milliseconds. The cost of a snapshot grows with every commit. */
  longest: number
}

export const longReadLimits: LongReadLimits = {
  atOnce: 64,
  wait: 30_000,
  idle: 60_000,
  scanIdle: 300_000,
  longest: 3_600_000,
}

/** The open reads of one storage. Counts them, and ends those that are idle. */
export class LongReads {
  readonly limits: LongReadLimits
  readonly #open = new Map<LongRead, object>()
  readonly #waiting = new Set<() => void>()
  #ended = 0

  constructor(limits: Partial<LongReadLimits> = {}) {
    this.limits = { ...longReadLimits, ...limits }
  }

  get size(): number {
    return this.#open.size
  }

  /** Number of reads that have ended. */
  get ended(): number {
    return this.#ended
  }

  /** @param release releases the snapshot or cursor; called once */
  begin(owner: object, release: () => void, idle = this.limits.idle): LongRead {
    const read = new LongRead({ ...this.limits, idle }, () => {
      this.#open.delete(read)
      release()
      this.#ended += 1
      for (const go of this.#waiting) go()
    })
    this.#open.set(read, owner)
    return read
  }

  /**
   * Resolves when another read may start.
   * @param ended the number of ended reads when there was no room
   * @throws StorageError `limit`
   */
  async room(ended: number): Promise<void> {
    if (this.#ended > ended) return
    await new Promise<void>((resolve, reject) => {
      const go = () => {
        clearTimeout(timer)
        this.#waiting.delete(go)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(go)
        reject(new StorageError('limit', 'long reads at once'))
      }, this.limits.wait)
      this.#waiting.add(go)
    })
  }

  /** Ends the reads of one workspace. */
  end(owner: object): void {
    for (const [read, of] of this.#open) if (of === owner) read.end(new StorageError('closed', 'closed'))
  }
}

/** One open read. */
export class LongRead {
  #idleFor: number
  readonly #ended: () => void
  readonly #longest: NodeJS.Timeout
  #idle: NodeJS.Timeout | undefined
  #reason: StorageError | undefined

  constructor({ idle, longest }: Pick<LongReadLimits, 'idle' | 'longest'>, ended: () => void) {
    this.#idleFor = idle
    this.#ended = ended
    this.#longest = this.#limited(longest, 'milliseconds a read lasts')
    this.#rest()
  }

  /** Why the read has ended, if it has. */
  get #over(): StorageError | undefined {
    return this.#reason
  }

  /** Runs a request of the read. A failure ends the read. @throws StorageError why the read has ended */
  async step<T>(action: () => Promise<T>): Promise<T> {
    if (this.#over !== undefined) throw this.#over
    clearTimeout(this.#idle)
    try {
      return await action()
    } catch (error) {
      const reason = this.#over
      this.end()
      throw reason ?? error
    } finally {
      if (this.#over === undefined) this.#rest()
    }
  }

  /** The read is complete. Its snapshot is held for a shorter time. */
  finished(): void {
    this.#idleFor = Math.min(this.#idleFor, longReadLimits.idle)
  }

  /** Idempotent. */
  end(reason = new StorageError('closed', 'the read has ended')): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    clearTimeout(this.#idle)
    clearTimeout(this.#longest)
    this.#ended()
  }

  #rest(): void {
    this.#idle = this.#limited(this.#idleFor, 'milliseconds between two parts of a read')
  }

  #limited(milliseconds: number, name: string): NodeJS.Timeout {
    return setTimeout(() => this.end(new StorageError('limit', name)), milliseconds).unref()
  }
}
