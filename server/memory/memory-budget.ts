import type { Logger } from '../../pipeline/shared/logger.ts'

/** Bytes. */
export interface MemoryUse {
  /** Memory of the process, as the system counts it. */
  rss: number
  /** Used part of the JavaScript heap. */
  heap: number
}

/** Keeps memory on behalf of a client. */
export interface MemoryHolder {
  /** Bytes. */
  readonly heldBytes: number
  /** Lets go of what it holds. */
  giveWay: () => void
}

export interface MemoryBudgetOptions {
  limits: MemoryUse
  use: () => MemoryUse
  holders: () => Iterable<MemoryHolder>
  /** Drops what can be read again. */
  dropCaches: () => void
  /** Collects garbage: a process that refuses all work does not do so by itself. */
  collectGarbage: () => void
  /** Milliseconds of a monotonic clock. */
  now: () => number
  logger: Logger
}

/** Memory is short until the use is below this part of the limits. */
const RECOVERED = 0.9
/** Bytes. Who holds less is not asked to give way. */
const LEAST_HELD = 64 * 1024
/** Milliseconds between two forced collections of garbage. */
const COLLECT_EVERY = 10_000

/**
 * The memory that the server may use. Beyond it new work is refused, caches are dropped, and the largest holders give
 * way, so that the process is never ended for its memory.
 */
export class MemoryBudget {
  readonly limits: MemoryUse
  readonly #options: MemoryBudgetOptions
  #isShort = false
  #collectedAt = -Infinity
  #gaveWay = 0

  constructor(options: MemoryBudgetOptions) {
    this.limits = options.limits
    this.#options = options
  }

  /** Whether new work is refused. */
  get isShort(): boolean {
    return this.#isShort
  }

  /** Holders that gave way so far. */
  get gaveWay(): number {
    return this.#gaveWay
  }

  /** Looks at the use of memory, and makes room if it is short. */
  check(): void {
    const { use, logger, dropCaches, collectGarbage, now } = this.#options
    const excess = excessOf(use(), this.limits, 1)
    if (excess <= 0) {
      if (this.#isShort && excessOf(use(), this.limits, RECOVERED) <= 0) this.#recovered()
      else if (this.#isShort) this.#collect(now(), collectGarbage)
      return
    }
    if (!this.#isShort) {
      this.#isShort = true
      logger.warn({ ...use(), limits: this.limits }, 'memory is short, so new work is refused')
      dropCaches()
    }
    this.#makeRoom(excess)
    this.#collect(now(), collectGarbage)
  }

  #recovered(): void {
    this.#isShort = false
    this.#options.logger.info({ ...this.#options.use() }, 'memory is not short any more')
  }

  #makeRoom(excess: number): void {
    const holders = [...this.#options.holders()].filter(({ heldBytes }) => heldBytes >= LEAST_HELD)
    holders.sort((a, b) => b.heldBytes - a.heldBytes)
    let freed = 0
    for (const holder of holders) {
      if (freed >= excess) return
      freed += holder.heldBytes
      this.#gaveWay += 1
      holder.giveWay()
    }
  }

  #collect(now: number, collectGarbage: () => void): void {
    if (now - this.#collectedAt < COLLECT_EVERY) return
    this.#collectedAt = now
    collectGarbage()
  }
}

/** Bytes beyond a part of the limits. */
function excessOf(use: MemoryUse, limits: MemoryUse, part: number): number {
  return Math.max(use.rss - limits.rss * part, use.heap - limits.heap * part)
}
