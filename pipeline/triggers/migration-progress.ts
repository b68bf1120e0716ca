import type { MigrationStats } from '../push/workspace-listener.ts'

/** Counts the documents of one run of a migration. */
export class MigrationProgress {
  readonly #name: string
  readonly #now: () => number
  readonly #report: (stats: MigrationStats) => void
  readonly #startedOn: number
  /** Processed in earlier runs. */
  readonly #before: number
  readonly #total: number
  #done = 0

  /**
   * @param counts documents that were processed before, and those that are left
   * @param now milliseconds
   */
  constructor(
    { name, now, report }: { name: string; now: () => number; report: (stats: MigrationStats) => void },
    counts: { before: number; left: number },
  ) {
    this.#name = name
    this.#now = now
    this.#report = report
    this.#startedOn = now()
    this.#before = counts.before
    this.#total = counts.before + counts.left
    report(this.stats)
  }

  /** Documents were committed. */
  advance(documents: number): void {
    this.#done += documents
    this.#report(this.stats)
  }

  get stats(): MigrationStats {
    const elapsed = Math.max(0, this.#now() - this.#startedOn)
    const toProcess = Math.max(0, this.#total - this.#before - this.#done)
    const eta = this.#done === 0 ? 0 : Math.round((elapsed / this.#done) * toProcess)
    return { migration: this.#name, toProcess, total: this.#total, elapsed, eta }
  }
}
