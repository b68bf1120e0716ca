import type { LogEntry } from '../../storage/contract.ts'
import { pushAll } from '../../model/push-all.ts'

export interface FeedSources {
  readLog: (after: number, limit: number) => Promise<LogEntry[]>
  /** Whether the entry starts the trigger. */
  matches: (entry: LogEntry) => boolean
  /** `seq` of the last durable transaction. */
  lastSeq: () => number
}

/** Log entries read at a time. */
const PAGE = 500

/**
 * The entries that start one trigger, in the order of the log. They come from commits while the trigger keeps up, and
 * from the log otherwise.
 */
export class TriggerFeed {
  readonly #sources: FeedSources
  readonly #limit: number
  #waiting: LogEntry[] = []
  /** All entries up to this one were examined. */
  #seen: number
  #behind: boolean

  constructor(sources: FeedSources, limit: number, cursor: number) {
    this.#sources = sources
    this.#limit = limit
    this.#seen = cursor
    this.#behind = cursor < sources.lastSeq()
  }

  /** The log has to be read before the next entry is known. */
  get isBehind(): boolean {
    return this.#behind && this.#waiting.length === 0
  }

  get isReady(): boolean {
    return this.#behind || this.#waiting.length > 0
  }

  /** Entries that wait, as far as they are known. */
  get waiting(): readonly LogEntry[] {
    return this.#waiting
  }

  /** All entries up to this one were taken. */
  get reached(): number {
    const [first] = this.#waiting
    return first === undefined ? this.#seen : first.seq - 1
  }

  /** The next entry, which waits no longer. */
  take(): LogEntry | undefined {
    return this.#waiting.shift()
  }

  /** Entries are durable; `matching` are those that start the trigger. */
  committed(matching: readonly LogEntry[], last: number): void {
    if (this.#behind || last <= this.#seen) return
    const unseen = matching.filter(({ seq }) => seq > this.#seen)
    if (this.#waiting.length + unseen.length > this.#limit) this.#behind = true
    else {
      pushAll(this.#waiting, unseen)
      this.#seen = last
    }
  }

  /** The log contains entries that {@link committed} did not receive. */
  fellBehind(): void {
    this.#behind = true
  }

  /** Reads the next page of the log. @throws StorageError */
  async read(): Promise<void> {
    const { lastSeq, matches, readLog } = this.#sources
    const page = await readLog(this.#seen, PAGE)
    // The log may contain part of a running commit.
    const last = lastSeq()
    const durable = page.filter(({ seq }) => seq <= last)
    pushAll(this.#waiting, durable.filter(matches))
    this.#seen = durable.at(-1)?.seq ?? this.#seen
    if (page.length === 0 || this.#seen >= last) this.#behind = false
  }
}
