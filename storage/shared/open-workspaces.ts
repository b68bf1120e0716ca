import { StorageError, type WorkspaceStorage } from '../contract.ts'

interface Closable extends WorkspaceStorage {
  /** Set when the workspace is told to close. */
  readonly closing: Promise<void> | undefined
}

/** The open workspaces of a storage. Each is open once. */
export class OpenWorkspaces<T extends Closable> {
  readonly #open = new Map<string, Promise<T>>()
  #isClosed = false

  /**
   * Waits until a former owner has closed the workspace. The new workspace calls `closed` at its end.
   * @throws StorageError `conflict` if it is open, `closed` if the storage is closed
   */
  async open(workspace: string, make: (closed: () => void) => Promise<T>): Promise<T> {
    this.#refuseClosed()
    const before = await this.#open.get(workspace)?.catch(() => undefined)
    await before?.closing
    if (this.#open.has(workspace)) throw new StorageError('conflict', 'the workspace is already open')
    const opening = make(() => this.#open.delete(workspace))
    this.#open.set(workspace, opening)
    try {
      return await opening
    } catch (error) {
      this.#open.delete(workspace)
      throw error
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const opened = await Promise.allSettled(this.#open.values())
    const workspaces = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    await Promise.allSettled(workspaces.map((workspace) => workspace.close()))
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw new StorageError('closed', 'the storage is closed')
  }
}
