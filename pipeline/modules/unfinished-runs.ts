/**
 * Runs of asynchronous triggers whose code has not ended, also when their time is over or their workspace has closed.
 * No other run of the same key begins before. Shared by all workspaces, as one may open again meanwhile.
 */
export class UnfinishedRuns {
  readonly #runs = new Map<string, Promise<void>>()

  /** @param ended resolves when the code has ended */
  add(workspace: string, trigger: string, key: string, ended: Promise<void>): void {
    const id = idOf(workspace, trigger, key)
    this.#runs.set(id, ended)
    void ended.then(() => {
      if (this.#runs.get(id) === ended) this.#runs.delete(id)
    })
  }

  /** Resolves when the run of the key has ended; `undefined`: there is none. */
  of(workspace: string, trigger: string, key: string): Promise<void> | undefined {
    return this.#runs.get(idOf(workspace, trigger, key))
  }
}

function idOf(workspace: string, trigger: string, key: string): string {
  return JSON.stringify([workspace, trigger, key])
}
