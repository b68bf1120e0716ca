import { StorageError } from '../../storage/contract.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'
import { largest } from '../../model/largest.ts'

/** Milliseconds a commit waits for a read, first; a read that was overtaken has four times as many the next time. */
const FIRST_PATIENCE = 20
const ATTEMPTS = 6
const PAGE = 1000

interface Reading {
  /** Milliseconds of `performance.now()`. */
  until: number
}

/**
 * Reads that know their place in the log: while one runs, nothing is committed, so its result is that of one `seq`
 * whatever the storage guarantees. Commits wait for them, but not for long: a read that was overtaken by one is
 * done again, with more patience.
 */
export class ConsistentReads {
  readonly #storage: WorkspaceStorage
  readonly #reading = new Set<Reading>()
  #seq: number
  /** Whether `#seq` is what storage has: a commit that failed may have happened. */
  #isCertain = true
  #committing: Promise<void> | undefined
  /** Commits that were handed to storage. */
  #begun = 0
  #allRead: (() => void) | undefined

  constructor(storage: WorkspaceStorage) {
    this.#storage = storage
    this.#seq = storage.lastSeq
  }

  /** Runs a commit, one at a time, after which `seq` is the last of the log. */
  async commit(seq: number, run: () => Promise<void>): Promise<void> {
    let done: () => void = () => undefined
    this.#committing = new Promise((resolve) => (done = resolve))
    try {
      if (this.#reading.size > 0) await this.#patience()
      this.#begun += 1
      await run()
      this.#seq = seq
    } catch (error) {
      this.#isCertain = false
      throw error
    } finally {
      this.#committing = undefined
      done()
    }
  }

  /**
   * @param discard told of each value that was overtaken
   * @throws StorageError `unavailable` when commits overtook it again and again
   */
  async read<T>(run: () => T | Promise<T>, discard?: (value: T) => void): Promise<{ seq: number; value: T }> {
    let patience = FIRST_PATIENCE
    for (let attempt = 0; attempt < ATTEMPTS; attempt++, patience *= 4) {
      // Asked anew each time, without a pause after it: a commit may begin in one.
      for (let wait = this.#unsettled(); wait !== undefined; wait = this.#unsettled()) await wait
      const [seq, begun] = [this.#seq, this.#begun]
      const value = await this.#reads(performance.now() + patience, run)
      if (this.#begun === begun) return { seq, value }
      discard?.(value)
    }
    throw new StorageError('unavailable', 'commits overtook the read again and again')
  }

  async #reads<T>(until: number, run: () => T | Promise<T>): Promise<T> {
    const reading = { until }
    this.#reading.add(reading)
    try {
      return await run()
    } finally {
      this.#reading.delete(reading)
      if (this.#reading.size === 0) this.#allRead?.()
    }
  }

  /** What a read waits for: the commit that runs, or to know what the last one came to. */
  #unsettled(): Promise<void> | undefined {
    return this.#committing ?? (this.#isCertain ? undefined : this.#findOut())
  }

  async #findOut(): Promise<void> {
    const begun = this.#begun
    const entries = await this.#storage.readLog({ after: this.#seq, limit: PAGE })
    if (this.#begun !== begun || this.#committing !== undefined) return
    this.#seq = entries.at(-1)?.seq ?? this.#seq
    this.#isCertain = entries.length === 0
  }

  /** Until all reads have ended, or have had their time. */
  async #patience(): Promise<void> {
    const until = largest([...this.#reading].map((reading) => reading.until))
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#allRead = resolve
      timer = setTimeout(resolve, until - performance.now())
    })
    clearTimeout(timer)
    this.#allRead = undefined
  }
}
