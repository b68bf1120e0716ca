import type { LogEntry } from '../../storage/contract.ts'
import { pushAll } from '../../model/push-all.ts'

export interface FeedSources {
  readLog: (after: number, limit: number) => Promise<LogEntry[]>
  /** Whether the trigger is for this transaction. */
  matches: (entry: LogEntry) => boolean
  /** Of the last durable transaction. */
  lastSeq: () => number
}

/** Log entries read at a time. */
const PAGE = 500

/**
 * The transactions one trigger has to see, in the order of the log: as they are committed while it keeps up,
 * read from the log while it does not.
 */
export class TriggerFeed {
  readonly #sources: FeedSources
  readonly #limit: number
  #waiting: LogEntry[] = []
  /** Up to here the entries were looked at. */
  #seen: number
  #behind: boolean

  constructor(sources: FeedSources, limit: number, cursor: number) {
    this.#sources = sources
    this.#limit = limit
    this.#seen = cursor
    this.#behind = cursor < sources.lastSeq()
  }

  /** The log has to be read before there is anything else to do. */
  get isBehind(): boolean {
    return this.#behind && this.#waiting.length === 0
  }

  get isReady(): boolean {
    return this.#behind || this.#waiting.length > 0
  }

  get next(): LogEntry | undefined {
    return this.#waiting[0]
  }

  /** Everything up to here is done. */
  get done(): number {
    const [first] = this.#waiting
    return first === undefined ? this.#seen : first.seq - 1
  }

  took(entry: LogEntry): void {
    if (this.#waiting[0] === entry) this.#waiting.shift()
  }

  /** Entries became durable; `matching` are those the trigger is for. */
  committed(matching: readonly LogEntry[], last: number): void {
    if (this.#behind || last <= this.#seen) return
    const unseen = matching.filter(({ seq }) => seq > this.#seen)
    if (this.#waiting.length + unseen.length > this.#limit) this.#behind = true
    else {
      pushAll(this.#waiting, unseen)
      this.#seen = last
    }
  }

  /** The log has entries that nobody told of. */
  fellBehind(): void {
    this.#behind = true
  }

  /** Reads the next page of the log. @throws StorageError */
  async read(): Promise<void> {
    const { lastSeq, matches, readLog } = this.#sources
    const page = await readLog(this.#seen, PAGE)
    // A commit under way may be in the log in part.
    const last = lastSeq()
    const durable = page.filter(({ seq }) => seq <= last)
    pushAll(this.#waiting, durable.filter(matches))
    this.#seen = durable.at(-1)?.seq ?? this.#seen
    if (page.length === 0 || this.#seen >= last) this.#behind = false
  }
}
