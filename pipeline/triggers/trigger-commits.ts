import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Hierarchy } from '../../model/hierarchy.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { StorageError } from '../../storage/contract.ts'
import type { TriggerIndex } from '../modules/trigger-index.ts'
import type { SyncTrigger } from '../modules/trigger.ts'
import { mayFind, type Reading, type Touched, touchedBy } from './pending-effects.ts'
import type { Ended, Work } from './trigger-work.ts'

export interface CommitParts {
  hierarchy: Hierarchy
  sync: TriggerIndex<SyncTrigger>
  /** Maximum number of works whose effects are committed together. */
  batch: number
  /** Commits effects, and that the works are done. Waits while storage is unavailable. */
  advance: (effects: readonly TxCUD[], done: ReadonlySet<Work>) => Promise<void>
  /** The works made nothing, so they are done without a commit. */
  empty: (works: readonly Work[]) => void
  /** What the work made cannot be committed, or one of its errors was left to nobody. */
  failed: (work: Work, error: unknown) => void
  /** Nothing can be committed any more. */
  broken: (error: unknown) => void
  /** Fewer works wait for their commit. */
  changed: () => void
  stop: AbortSignal
}

/**
 * The effects of works that have ended, until they are committed. One commit at a time takes all that have ended
 * meanwhile, so that the position which is stored with them is exact.
 */
export class TriggerCommits {
  readonly #parts: CommitParts
  /** Those that are being committed come first. */
  #ended: { ended: Ended; touched: Touched }[] = []
  #running: Promise<void> | undefined
  #isBroken = false

  constructor(parts: CommitParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#ended.length
  }

  add(ended: Ended): void {
    const { hierarchy, sync } = this.#parts
    this.#ended.push({ ended, touched: touchedBy(ended.effects, hierarchy, sync) })
    this.#wake()
  }

  /** Resolves when the query sees what works that have ended made; `undefined`: it does. */
  settled(reading: Reading): Promise<void> | undefined {
    const { hierarchy } = this.#parts
    const pending = this.#ended.filter(({ touched }) => mayFind(reading, touched, hierarchy))
    return pending.length === 0 ? undefined : this.#gone(new Set(pending.map(({ ended }) => ended)))
  }

  /** Resolves when nothing waits for its commit, or can be committed. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #gone(some: ReadonlySet<Ended>): Promise<void> {
    while (this.#running !== undefined && this.#ended.some(({ ended }) => some.has(ended)))
      await this.#running
  }

  #wake(): void {
    if (this.#running !== undefined || this.#isBroken || this.#parts.stop.aborted) return
    this.#running = this.#commitAll().finally(() => {
      this.#running = undefined
      if (this.#ended.length > 0) this.#wake()
    })
  }

  async #commitAll(): Promise<void> {
    // By then Node has reported rejections that nobody caught.
    await nextTurn()
    const some = this.#ended.slice(0, this.#parts.batch).map(({ ended }) => ended)
    const sound = some.filter((ended) => this.#end(ended))
    const empty = sound.filter(({ effects }) => effects.length === 0)
    if (empty.length > 0) {
      this.#drop(new Set(empty))
      this.#parts.empty(empty.map(({ work }) => work))
      this.#parts.changed()
    }
    const full = sound.filter(({ effects }) => effects.length > 0)
    try {
      if (full.length > 0) await this.#commitTogether(full)
    } catch (error) {
      this.#isBroken = true
      this.#parts.broken(error)
    }
  }

  /** @returns whether the run had no error that nobody caught */
  #end(ended: Ended): boolean {
    try {
      ended.run?.end()
      return true
    } catch (error) {
      this.#fail(ended, error)
      return false
    }
  }

  async #commitTogether(some: readonly Ended[]): Promise<void> {
    if (some.length > 1) {
      const effects = some.flatMap((ended) => [...ended.effects])
      try {
        await this.#parts.advance(effects, new Set(some.map(({ work }) => work)))
        return this.#committed(some)
      } catch (error) {
        if (!isRefusal(error)) throw error
      }
    }
    // One of them is refused.
    for (const ended of some) await this.#commitAlone(ended)
  }

  async #commitAlone(ended: Ended): Promise<void> {
    const { work, effects, smaller } = ended
    const done = new Set([work])
    try {
      await this.#parts.advance(effects, done)
    } catch (error) {
      if (!isRefusal(error)) throw error
      if (smaller === undefined) return this.#fail(ended, error)
      await this.#parts.advance(smaller, done)
    }
    this.#committed([ended])
  }

  #committed(some: readonly Ended[]): void {
    this.#drop(new Set(some))
    this.#parts.changed()
  }

  #fail(ended: Ended, error: unknown): void {
    this.#drop(new Set([ended]))
    this.#parts.failed(ended.work, error)
    this.#parts.changed()
  }

  #drop(some: ReadonlySet<Ended>): void {
    this.#ended = this.#ended.filter(({ ended }) => !some.has(ended))
  }
}

/** Whether the commit was refused because of what is in it. */
function isRefusal(error: unknown): boolean {
  return !(error instanceof StorageError) || error.code === 'too-large'
}
