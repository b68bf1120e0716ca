import { searchFeedLimits } from '../../search/search-feed-limits.ts'
import type { Handles } from './handles.ts'
import { lastSequence } from '../file/log.ts'
import { indexSlice } from '../file/search-index.ts'

/** Milliseconds. */
const longestSlice = 4
const retryDelay = 20

/**
 * Keeps the full-text indexes of a writer's workspaces up to date while there is nothing else to do: a slice ends
 * when a request has come. Only what waits for long is indexed between requests.
 */
export class SearchFeed {
  readonly #handles: Handles
  readonly #isWanted: () => boolean
  readonly #running = new Map<number, Promise<void>>()
  readonly #scheduled = new Map<number, NodeJS.Timeout>()

  constructor(handles: Handles, isWanted: () => boolean) {
    this.#handles = handles
    this.#isWanted = isWanted
  }

  /** Soon, for there was a commit. */
  schedule(workspace: number): void {
    if (this.#scheduled.has(workspace)) return
    const since = performance.now()
    const timer = setTimeout(() => {
      this.#scheduled.delete(workspace)
      // A failure shows at the next search; the index goes on from where it is.
      this.#queue(workspace, since + searchFeedLimits.patience).catch(() => undefined)
    }, searchFeedLimits.delay)
    this.#scheduled.set(workspace, timer)
  }

  /** Resolves when the index has all that was committed before. */
  async catchUp(workspace: number): Promise<undefined> {
    await this.#queue(workspace, 0)
  }

  stop(workspace: number): void {
    clearTimeout(this.#scheduled.get(workspace))
    this.#scheduled.delete(workspace)
  }

  async #queue(workspace: number, patientUntil: number): Promise<void> {
    const before = this.#running.get(workspace)?.catch(() => undefined)
    const run = Promise.resolve(before).then(() => this.#run(workspace, patientUntil))
    this.#running.set(workspace, run)
    try {
      await run
    } finally {
      if (this.#running.get(workspace) === run) this.#running.delete(workspace)
    }
  }

  async #run(workspace: number, patientUntil: number): Promise<void> {
    if (!this.#handles.isAttached(workspace)) return
    const target = lastSequence(this.#handles.file(workspace))
    for (;;) {
      const waits = () => performance.now() < patientUntil && this.#isWanted()
      await nextTurn(waits())
      if (!this.#handles.isAttached(workspace)) return
      if (waits()) continue
      const until = performance.now() + longestSlice
      const goesOn = () => performance.now() < until && !waits()
      if (!indexSlice(this.#handles.file(workspace), target, goesOn)) return
    }
  }
}

function nextTurn(busy: boolean): Promise<void> {
  return new Promise((resolve) => {
    if (busy) setTimeout(resolve, retryDelay)
    else setImmediate(resolve)
  })
}
