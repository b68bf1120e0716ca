import type { Handles } from './handles.ts'
import { indexSlice } from './search-index.ts'

const feedDelay = 100

/** Keeps the full-text indexes of a writer's workspaces up to date, in slices between which commits go on. */
export class SearchFeed {
  readonly #handles: Handles
  readonly #running = new Map<number, Promise<void>>()
  readonly #scheduled = new Map<number, NodeJS.Timeout>()

  constructor(handles: Handles) {
    this.#handles = handles
  }

  /** Soon, for there was a commit. */
  schedule(workspace: number): void {
    if (this.#scheduled.has(workspace)) return
    const timer = setTimeout(() => {
      this.#scheduled.delete(workspace)
      // A failure shows at the next search; the index goes on from where it is.
      this.catchUp(workspace).catch(() => undefined)
    }, feedDelay)
    this.#scheduled.set(workspace, timer)
  }

  /** Resolves when the index has all that was committed before. */
  async catchUp(workspace: number): Promise<void> {
    const before = this.#running.get(workspace)?.catch(() => undefined)
    const run = Promise.resolve(before).then(() => this.#run(workspace))
    this.#running.set(workspace, run)
    try {
      await run
    } finally {
      if (this.#running.get(workspace) === run) this.#running.delete(workspace)
    }
  }

  stop(workspace: number): void {
    clearTimeout(this.#scheduled.get(workspace))
    this.#scheduled.delete(workspace)
  }

  async #run(workspace: number): Promise<void> {
    while (this.#handles.isAttached(workspace) && indexSlice(this.#handles.file(workspace))) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}
