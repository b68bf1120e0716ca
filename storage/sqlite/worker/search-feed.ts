import { searchFeedLimits } from '../../search/search-feed-limits.ts'
import type { Handles } from './handles.ts'
import { lastSequence } from '../file/log.ts'
import { indexSlice } from '../file/search-index.ts'

/** Milliseconds. */
const longestSlice = 4
const retryDelay = 20

/**
 * Updates the full-text indexes of a writer's workspaces while it is idle. A slice ends when a request arrives. Only
 * an update that has waited for long runs between requests: one slice, then the requests that have arrived, then a
 * slice of the next workspace.
 */
export class SearchFeed {
  readonly #handles: Handles
  readonly #isWanted: () => boolean
  readonly #running = new Map<number, Promise<void>>()
  readonly #scheduled = new Map<number, NodeJS.Timeout>()
  /** The end of the last slice. Slices of all workspaces run one after another. */
  #turn: Promise<void> = Promise.resolve()

  constructor(handles: Handles, isWanted: () => boolean) {
    this.#handles = handles
    this.#isWanted = isWanted
  }

  /** Schedules an update after a commit. */
  schedule(workspace: number): void {
    if (this.#scheduled.has(workspace)) return
    const since = performance.now()
    const timer = setTimeout(() => {
      this.#scheduled.delete(workspace)
      // The next search reports a failure. The index continues where it stopped.
      this.#queue(workspace, since + searchFeedLimits.patience).catch(() => undefined)
    }, searchFeedLimits.delay)
    this.#scheduled.set(workspace, timer)
  }

  /** Resolves when the index contains all changes that were committed before the call. */
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
      if (waits()) await pause()
      await (this.#turn = this.#turn.then(nextTurn))
      if (!this.#handles.isAttached(workspace)) return
      if (waits()) continue
      const until = performance.now() + longestSlice
      const goesOn = () => performance.now() < until && !waits()
      if (!indexSlice(this.#handles.file(workspace), target, goesOn)) return
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, retryDelay))
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
