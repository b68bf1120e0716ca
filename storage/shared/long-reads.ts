import { StorageError } from '../contract.ts'

/** Bounds of reads that go on over several requests, each of which keeps a snapshot or a cursor. */
export interface LongReadLimits {
  /** At once: in embedded storage for each thread that reads, otherwise for the storage. */
  atOnce: number
  /** Milliseconds one waits for another to end when there are as many. */
  wait: number
  /** Milliseconds nothing is asked of one before it is given up. */
  idle: number
  /** The same for a backup's walk over a domain that has not come to its end. */
  scanIdle: number
  /** Milliseconds one lasts. What it keeps grows with every commit. */
  longest: number
}

export const longReadLimits: LongReadLimits = {
  atOnce: 64,
  wait: 30_000,
  idle: 60_000,
  scanIdle: 300_000,
  longest: 3_600_000,
}

/** The reads under way of one storage: counted, and ended when nobody goes on with them. */
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

  /** How many have ended so far. */
  get ended(): number {
    return this.#ended
  }

  /** @param release what it keeps; called once, however it ends */
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
   * Resolves when another one may begin.
   * @param ended how many had when there was no room
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

  /** Ends those of an open workspace. */
  end(owner: object): void {
    for (const [read, of] of this.#open) if (of === owner) read.end(new StorageError('closed', 'closed'))
  }
}

/** One read under way. */
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

  /** Why it is over, when it is. */
  get #over(): StorageError | undefined {
    return this.#reason
  }

  /** Goes on with it. A failure ends it. @throws StorageError why it is over, when it is */
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

  /** It has come to its end, and what it keeps is not kept as long as before. */
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
