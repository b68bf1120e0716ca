import { StorageError } from '../../storage/contract.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'
import { largest } from '../../model/largest.ts'

/**
 * Time that a commit first waits for a read, in milliseconds. After each overtaken attempt the time is four times as
 * long.
 */
const FIRST_PATIENCE = 20
const ATTEMPTS = 6
const PAGE = 1000

interface Reading {
  /** Milliseconds of `performance.now()`. */
  until: number
}

/**
 * Reads at a known log position. No commit runs during such a read, so that its result is that of one `seq` in every
 * storage. Commits wait for a limited time: an overtaken read is repeated and may then take longer.
 */
export class ConsistentReads {
  readonly #storage: WorkspaceStorage
  readonly #reading = new Set<Reading>()
  #seq: number
  /** Whether `#seq` is up to date: a failed commit may have succeeded. */
  #isCertain = true
  #committing: Promise<void> | undefined
  /** Number of commits passed to storage. */
  #begun = 0
  #allRead: (() => void) | undefined

  constructor(storage: WorkspaceStorage) {
    this.#storage = storage
    this.#seq = storage.lastSeq
  }

  /** Runs one commit at a time. `seq` is the last of the log afterwards. */
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
   * @param discard receives each value that a commit overtook
   * @throws StorageError `unavailable` if commits overtook every attempt
   */
  async read<T>(run: () => T | Promise<T>, discard?: (value: T) => void): Promise<{ seq: number; value: T }> {
    let patience = FIRST_PATIENCE
    for (let attempt = 0; attempt < ATTEMPTS; attempt++, patience *= 4) {
      // Checked again after every wait, without a pause before the read, in which a commit could start.
      for (let wait = this.#unsettled(); wait !== undefined; wait = this.#unsettled()) await wait
      const [seq, begun] = [this.#seq, this.#begun]
      const value = await this.#reads(performance.now() + patience, run)
      if (this.#begun === begun) return { seq, value }
      discard?.(value)
    }
    throw new StorageError('unavailable', 'commits overtook every attempt of the read')
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

  /** What a read waits for: the running commit, or the outcome of a failed one. */
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

  /** Waits until all reads end or use up their time. */
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
