import type { MarkedEntry } from '../modules/module-state.ts'
import type { TriggerLimits } from '../modules/trigger-limits.ts'
import type { TriggerPosition } from './trigger-cursors.ts'
import type { Work } from './trigger-work.ts'

/**
 * What to do before a run. `record`: commit first that it is under way. `resume`: commit first that the workspace is no
 * longer stopped. `give-up`: the server ended too often during it.
 */
type Decision = 'run' | 'record' | 'resume' | 'give-up'

/**
 * Finds the transaction whose run ends the server. A normal run is not recorded before it begins: that would be another
 * commit for each. So after the first crash it is only known that one of the first runs of what was left over was
 * probably under way. After that, the runs of what was left over are recorded and take place one by one, so that the next
 * crash shows which one it was.
 */
export class CrashMarks {
  readonly #limits: Pick<TriggerLimits, 'crashes'>
  /** The end of the log when the workspace opened: later entries were not there at a crash. */
  readonly #end: number
  readonly #former: ReadonlyMap<number, number>
  /** Runs that may have been under way at a crash, without a record. */
  #suspected: number
  /** Runs that are still to be recorded. */
  #left: number
  #wasStopped: boolean
  #current: MarkedEntry | undefined

  constructor(
    { marked, stopped }: TriggerPosition,
    options: { limits: TriggerLimits; end: number; concurrency: number },
  ) {
    this.#limits = options.limits
    this.#end = options.end
    this.#former = new Map(marked.map(({ seq, crashes }) => [seq, crashes]))
    this.#suspected = marked.length > 0 ? 0 : options.concurrency
    this.#wasStopped = stopped
    this.#left = stopped ? 0 : options.limits.recordedRuns
  }

  /** The runs that are recorded, apart from these. */
  marked(done: ReadonlySet<Work>): MarkedEntry[] {
    const current = this.#current
    const isDone = [...done].some((work) => this.isMarked(work))
    return current === undefined || isDone ? [] : [current]
  }

  /** Whether a record is stored that says what is no longer true. */
  get isStale(): boolean {
    return this.#current !== undefined
  }

  /** Whether the work has to run alone. */
  isAlone({ entry, letter }: Work): boolean {
    return this.#left > 0 && letter === undefined && entry.seq <= this.#end
  }

  /** Whether the record is that of the work. */
  isMarked({ entry, letter }: Work): boolean {
    return letter === undefined && this.#current?.seq === entry.seq
  }

  decide(work: Work): Decision {
    if (work.letter !== undefined || work.entry.seq > this.#end) return 'run'
    if (this.#wasStopped) {
      this.#wasStopped = false
      return 'resume'
    }
    if (this.#left === 0) return 'run'
    work.crashes = Math.max(work.crashes, this.#crashesOf(work))
    return work.crashes >= this.#limits.crashes ? 'give-up' : 'record'
  }

  /** The record of the work is about to be stored. */
  record({ entry, crashes }: Work): void {
    this.#left -= 1
    this.#current = { seq: entry.seq, crashes }
  }

  /** Nothing that was recorded is under way any more. */
  clear(): void {
    this.#current = undefined
  }

  #crashesOf({ entry, failures }: Work): number {
    const former = this.#former.get(entry.seq)
    if (former !== undefined) return former + 1
    // What waited for its next run was not under way.
    if (failures.count > 0 || this.#suspected === 0) return 0
    this.#suspected -= 1
    return 1
  }
}
