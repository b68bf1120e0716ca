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

/** Milliseconds after which a client that was refused for memory tries again. */
export const RETRY_AFTER = 1000
/** Memory is short until the use is below this part of the limits. */
const RECOVERED = 0.9
/** Bytes. Who holds less is not asked to give way. */
const LEAST_HELD = 64 * 1024
/** Milliseconds without anybody who could give way, after which what is left of the memory counts as unavoidable. */
const SETTLED = 5000
/** The part of the limit by which the use may grow beyond what is unavoidable. */
const HEADROOM = 0.05
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
  /** When somebody gave way last, or memory became short. */
  #changedAt = 0
  /** Bytes beyond the limit that refusing work does not give back: `malloc` keeps them, and uses them again. */
  #unavoidable = 0
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
    const { use, now } = this.#options
    const used = use()
    if (used.rss < this.limits.rss) this.#unavoidable = 0
    const excess = this.#excessOf(used, 1)
    if (excess > 0) this.#relieve(used, excess)
    else if (this.#isShort && this.#excessOf(used, RECOVERED) <= 0) this.#recovered(used)
    if (this.#isShort) this.#collect(now())
  }

  #relieve(used: MemoryUse, excess: number): void {
    const { logger, dropCaches, now } = this.#options
    if (!this.#isShort) {
      this.#isShort = true
      this.#changedAt = now()
      logger.warn({ ...used, limits: this.limits }, 'memory is short, so new work is refused')
      dropCaches()
    }
    if (this.#makeRoom(excess)) this.#changedAt = now()
    else if (now() - this.#changedAt >= SETTLED && used.heap < this.limits.heap) {
      this.#unavoidable = used.rss - this.limits.rss + this.limits.rss * HEADROOM
      this.#recovered(used)
    }
  }

  #recovered(used: MemoryUse): void {
    this.#isShort = false
    this.#options.logger.info({ ...used, unavoidable: this.#unavoidable }, 'memory is not short any more')
  }

  /** @returns whether anybody gave way */
  #makeRoom(excess: number): boolean {
    const holders = [...this.#options.holders()].filter(({ heldBytes }) => heldBytes >= LEAST_HELD)
    holders.sort((a, b) => b.heldBytes - a.heldBytes)
    let freed = 0
    for (const holder of holders) {
      if (freed >= excess) break
      freed += holder.heldBytes
      this.#gaveWay += 1
      holder.giveWay()
    }
    return freed > 0
  }

  #collect(now: number): void {
    if (now - this.#collectedAt < COLLECT_EVERY) return
    this.#collectedAt = now
    this.#options.collectGarbage()
  }

  /** Bytes beyond a part of the limits. */
  #excessOf({ rss, heap }: MemoryUse, part: number): number {
    const { limits } = this
    const most = this.#unavoidable > 0 ? limits.rss + this.#unavoidable : limits.rss * part
    return Math.max(rss - most, heap - limits.heap * part)
  }
}
