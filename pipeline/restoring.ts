import type { Doc, Domain } from '../model/documents.ts'
import { domains } from '../model/identifiers.ts'
import { StatusError } from '../model/status.ts'
import { NEXT_OPENING, writeRestoreMark } from './restore-mark.ts'
import type { WorkspaceStorage } from './storage/contract.ts'
import type { AsyncTriggers } from './triggers/async-triggers.ts'

export interface RestoringParts {
  storage: WorkspaceStorage
  triggers: AsyncTriggers
  /** Resolves when no commit is under way. */
  idle: () => Promise<void>
  /** What is known of documents may be wrong: these were put there, or some are gone. */
  changed: (docs: readonly Doc[]) => Promise<void>
  /** Of the last durable transaction. */
  lastSeq: () => number
  now: () => number
}

/**
 * Documents that are put back or taken away past the commit queue: what backup tools do. Once that is done to the log,
 * nothing more is committed: its places change with the next opening, which has another epoch.
 */
export class Restoring {
  readonly #parts: RestoringParts
  #isLogReplaced = false
  /** The place in the log that the mark of a restore tells. */
  #marked: number | undefined

  constructor(parts: RestoringParts) {
    this.#parts = parts
  }

  /** The workspace has to be opened anew. */
  get isLogReplaced(): boolean {
    return this.#isLogReplaced
  }

  /** What becomes of commits then. */
  refused(): Promise<never> {
    const message = 'the workspace is being restored'
    return Promise.reject(new StatusError('platform:status:Unavailable', { message }))
  }

  /** @throws StorageError */
  async upload(domain: Domain, docs: readonly Doc[]): Promise<void> {
    const kept = docs.map(withoutHash)
    await this.#restore(domain, () => this.#parts.storage.upload(domain, kept), kept)
  }

  /** @throws StorageError */
  async clean(domain: Domain, ids: readonly string[]): Promise<void> {
    await this.#restore(domain, () => this.#parts.storage.clean(domain, ids))
  }

  async #restore(domain: Domain, act: () => Promise<void>, docs: readonly Doc[] = []): Promise<void> {
    const { changed, idle, triggers } = this.#parts
    if (domain === domains.tx && !this.#isLogReplaced) {
      this.#isLogReplaced = true
      await triggers.stop()
    }
    // Also for who comes while the first one waits.
    if (domain === domains.tx) await idle()
    await this.#mark()
    await act()
    // What was committed meanwhile may have come before or after.
    await this.#mark()
    await changed(docs)
    triggers.restored(domain)
  }

  /** Tells where the history begins, before anything is there that it does not tell of. */
  async #mark(): Promise<void> {
    const { lastSeq, now, storage } = this.#parts
    const seq = this.#isLogReplaced ? NEXT_OPENING : lastSeq()
    if (seq === this.#marked) return
    await writeRestoreMark(storage, { seq, now: now() })
    this.#marked = seq
  }
}

/** Tools of the family put the hash that a document had into it: it would change the hash that it has. */
function withoutHash(doc: Doc): Doc {
  if (!Object.hasOwn(doc, HASH_FIELD)) return doc
  const { [HASH_FIELD]: _, ...kept } = doc as Doc & Record<string, unknown>
  return kept as unknown as Doc
}

const HASH_FIELD = '%hash%'
