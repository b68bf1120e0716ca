import { pushAll } from '../../model/push-all.ts'
import type { Cancel, Clock } from '../runtime/environment.ts'
import type { Change, LogEntry } from './change.ts'
import type { QueryResponse } from './query-source.ts'

/** Milliseconds until a query is repeated after a transient error. Doubled up to the longest. */
const FIRST_RETRY = 500
const LONGEST_RETRY = 30_000

type State =
  | { name: 'idle' }
  /** `missed`: changes that were pushed before the response. `isStale`: it has to be loaded again after that. */
  | { name: 'loading'; missed: (Change | LogEntry)[]; isStale: boolean }
  | { name: 'waiting'; cancel: Cancel }

const idle: State = { name: 'idle' }

/** Loads the result of one query: one request at a time, repeated after a wait. */
export class QueryLoader {
  readonly #clock: Clock
  readonly #reload: () => void
  #state: State = idle
  #retries = 0
  /** When the last request was sent, by the monotonic clock. */
  #sentAt = -Infinity

  /** @param reload called after a wait */
  constructor(clock: Clock, reload: () => void) {
    this.#clock = clock
    this.#reload = reload
  }

  get isLoading(): boolean {
    return this.#state.name === 'loading'
  }

  /** Ends a wait. @returns `false` during a load: it is repeated after its response, which may be too old */
  prepare(): boolean {
    if (this.#state.name === 'loading') {
      this.#state.isStale = true
      return false
    }
    this.stop()
    return true
  }

  /**
   * @param loaded called with the response, with the changes since the request, and with whether the result is stale
   * @param failed called with the error of the request, or of `loaded`
   */
  async load(
    request: () => Promise<QueryResponse>,
    loaded: (response: QueryResponse, missed: readonly (Change | LogEntry)[], isStale: boolean) => void,
    failed: (error: unknown) => void,
  ): Promise<void> {
    const loading: State = { name: 'loading', missed: [], isStale: false }
    this.#state = loading
    this.#sentAt = this.#clock.monotonic()
    try {
      const response = await request()
      this.#retries = 0
      this.#state = idle
      loaded(response, loading.missed, loading.isStale)
    } catch (error) {
      this.#state = idle
      failed(error)
    }
  }

  /** Remembers changes that are pushed during a load. */
  defer(changes: readonly (Change | LogEntry)[]): void {
    if (this.#state.name === 'loading') pushAll(this.#state.missed, changes)
  }

  /** Drops the changes of `defer`. */
  forget(): void {
    if (this.#state.name === 'loading') this.#state.missed.length = 0
  }

  /** Loads the result again. @param interval milliseconds between two requests at least */
  repeat(interval: number): void {
    const wait = this.#sentAt + interval - this.#clock.monotonic()
    if (wait <= 0) this.#reload()
    else if (this.#state.name === 'idle') this.#wait(wait)
  }

  /** Repeats the request after a transient error. */
  retry(): void {
    const wait = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(this.#retries, 16))
    this.#retries += 1
    this.#wait(wait)
  }

  /** Ends a wait. */
  stop(): void {
    if (this.#state.name !== 'waiting') return
    this.#state.cancel()
    this.#state = idle
  }

  #wait(milliseconds: number): void {
    this.#state = { name: 'waiting', cancel: this.#clock.schedule(milliseconds, this.#reload) }
  }
}
