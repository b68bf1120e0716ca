import { type RestoreMark, writeRestoreMark } from './restore-mark.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'

/** The stored restore mark. Its changes are written one after another. */
export class RestoreMarkStore {
  readonly #storage: WorkspaceStorage
  readonly #now: () => number
  #mark: RestoreMark | undefined
  #isKept = true
  #writing: Promise<void> = Promise.resolve()

  /** @param mark as read when the workspace opened */
  constructor(options: { storage: WorkspaceStorage; now: () => number; mark: RestoreMark | undefined }) {
    this.#storage = options.storage
    this.#now = options.now
    this.#mark = options.mark
  }

  /** Whether a client at this log position knows of everything that was restored. */
  isKnownAt(position: number): boolean {
    if (this.#mark === undefined) return true
    const { told } = this.#mark
    return told !== undefined && position > told
  }

  /**
   * Documents are restored at this log position, and no client knows of it yet.
   * @throws StorageError
   */
  async restored(seq: number): Promise<void> {
    const isSame = this.#isKept && this.#mark?.seq === seq && this.#mark.told === undefined
    if (!isSame) this.#write({ seq })
    await this.#writing
  }

  /** All clients know of the restore. Clients beyond this log position received it before. */
  async told(position: number): Promise<void> {
    if (this.#mark === undefined || this.#mark.told !== undefined) return
    this.#write({ ...this.#mark, told: position })
    // The next opening writes it again.
    await this.#writing.catch(() => undefined)
  }

  #write(mark: RestoreMark): void {
    this.#mark = mark
    this.#isKept = true
    this.#writing = this.#writing
      .catch(() => undefined)
      .then(async () => await writeRestoreMark(this.#storage, { mark, now: this.#now() }))
      .catch((error: unknown) => {
        this.#isKept = false
        throw error
      })
  }
}
