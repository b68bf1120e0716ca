import type { LogEntry } from '../../storage/contract.ts'
import type { TriggerLimits } from '../modules/trigger-limits.ts'
import type { AsyncTrigger, Installed } from '../modules/trigger.ts'
import type { AsyncTriggerRun } from './async-trigger-run.ts'
import type { DeadLetters } from './dead-letters.ts'
import { OpenWork } from './open-work.ts'
import type { TriggerPosition } from './trigger-cursors.ts'
import { type FeedSources, TriggerFeed } from './trigger-feed.ts'
import { Work } from './trigger-work.ts'

export interface WorkSourceParts extends FeedSources {
  trigger: Installed<AsyncTrigger>
  run: Pick<AsyncTriggerRun, 'keyOf' | 'orderOf'>
  letters: DeadLetters
  limits: TriggerLimits
  /** Waits while storage is unavailable. */
  patiently: <T>(act: () => Promise<T>) => Promise<T>
  /** Entries of the log were examined: the position may have to be saved. */
  examined: () => Promise<void>
}

/** The works of one trigger: entries of the log, and dead letters that are sent again. */
export class WorkSource {
  readonly feed: TriggerFeed
  /** Those that were begun and are not done. */
  readonly open = new OpenWork()
  /** There may be dead letters that are to be sent again. */
  hasLetters = false
  readonly #parts: WorkSourceParts

  /** @param leftOver the entries of the position that are open, in order */
  constructor(parts: WorkSourceParts, { failing, reached }: TriggerPosition, leftOver: readonly LogEntry[]) {
    this.#parts = parts
    this.feed = new TriggerFeed(parts, parts.limits.waiting, reached)
    const failures = new Map(failing.map(({ seq, ...rest }) => [seq, rest]))
    for (const entry of leftOver) this.#add(entry, failures.get(entry.seq))
  }

  /** Transactions are not done. */
  get hasBacklog(): boolean {
    return this.open.size > 0 || this.feed.isReady
  }

  /** The position once these works are done. */
  position(done: ReadonlySet<Work>): ReturnType<OpenWork['position']> {
    return this.open.position(this.feed.reached, done)
  }

  /** The next work that may run; `undefined`: none for now. @throws StorageError when the workspace closes */
  async next(): Promise<Work | undefined> {
    const { examined, limits, patiently } = this.#parts
    if (this.hasLetters && this.open.letters < limits.redriven) await this.#takeLetters()
    for (;;) {
      const ready = this.open.take()
      if (ready !== undefined) return ready
      if (this.open.size >= limits.open || this.open.failing.size >= limits.failing) return undefined
      const entry = this.feed.take()
      if (entry !== undefined) this.#add(entry)
      else if (!this.feed.isBehind) return undefined
      else {
        await patiently(() => this.feed.read())
        await examined()
      }
    }
  }

  #add(entry: LogEntry, failures?: Work['failures']): void {
    const { run } = this.#parts
    const work = new Work(entry, { key: run.orderOf(entry), idempotencyKey: run.keyOf(entry) })
    if (failures !== undefined) work.failures = failures
    this.open.add(work)
  }

  async #takeLetters(): Promise<void> {
    const { letters, limits, patiently, run, trigger } = this.#parts
    const limit = limits.redriven + this.open.letters
    const found = await patiently(() => letters.of(trigger, { state: 'again' }, { limit }))
    this.hasLetters = found.length === limit
    for (const letter of found.filter(({ _id }) => !this.open.has(_id))) {
      const { _id } = letter
      const entry = await patiently(() => letters.entryOf(letter))
      if (entry === undefined) {
        await patiently(() => letters.giveUp(_id, 'the log does not have its transaction'))
        continue
      }
      const idempotencyKey = letter.key ?? run.keyOf(entry)
      this.open.add(new Work(entry, { key: run.orderOf(entry), idempotencyKey, letter: _id }))
    }
  }
}
