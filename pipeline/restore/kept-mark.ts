import { type RestoreMark, writeRestoreMark } from './restore-mark.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'

/** The mark of a restore as it is kept, one change after the other. */
export class KeptMark {
  readonly #storage: WorkspaceStorage
  readonly #now: () => number
  #mark: RestoreMark | undefined
  #isKept = true
  #writing: Promise<void> = Promise.resolve()

  /** @param mark as the opening has found it */
  constructor(options: { storage: WorkspaceStorage; now: () => number; mark: RestoreMark | undefined }) {
    this.#storage = options.storage
    this.#now = options.now
    this.#mark = options.mark
  }

  /** Whether who stands at a place in the log has heard of all that was ever restored. */
  hasHeard(place: number): boolean {
    if (this.#mark === undefined) return true
    const { told } = this.#mark
    return told !== undefined && place > told
  }

  /**
   * Something is restored at this place, of which nobody has heard.
   * @throws StorageError
   */
  async restored(seq: number): Promise<void> {
    const isSame = this.#isKept && this.#mark?.seq === seq && this.#mark.told === undefined
    if (!isSame) this.#write({ seq })
    await this.#writing
  }

  /** Everyone who is there has heard of it, and whoever gets beyond this place does so after. */
  async told(place: number): Promise<void> {
    if (this.#mark === undefined || this.#mark.told !== undefined) return
    this.#write({ ...this.#mark, told: place })
    // The next opening makes up for it.
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
