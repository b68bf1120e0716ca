import { type Storage, StorageError, type StorageSchema, type WorkspaceStorage } from '../contract.ts'
import { MemoryHistory } from './history.ts'
import { MemoryWorkspace } from './workspace.ts'

/** Storage in memory, for tests and for temporary workspaces. */
export function createMemoryStorage(): Storage {
  return new MemoryStorage()
}

class MemoryStorage implements Storage {
  readonly name = 'memory'
  readonly #histories = new Map<string, MemoryHistory>()
  readonly #open = new Map<string, MemoryWorkspace>()
  #isClosed = false

  openWorkspace(workspace: string, schema: StorageSchema): Promise<WorkspaceStorage> {
    if (this.#isClosed) return Promise.reject(new StorageError('closed', 'the storage is closed'))
    if (this.#open.has(workspace))
      return Promise.reject(new StorageError('conflict', 'the workspace is already open'))
    const history = this.#histories.get(workspace) ?? new MemoryHistory()
    this.#histories.set(workspace, history)
    history.restoreOrder()
    const opened = new MemoryWorkspace({ history, schema, closed: () => this.#open.delete(workspace) })
    this.#open.set(workspace, opened)
    return Promise.resolve(opened)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#open.values()].map((workspace) => workspace.close()))
    this.#histories.clear()
  }
}
