import type { Doc, Domain } from '../../model/documents.ts'
import { domains } from '../../model/identifiers.ts'
import { StatusError } from '../../model/status.ts'
import { withoutHash } from '../shared/hash-field.ts'
import { RestoreMarkStore } from './restore-mark-store.ts'
import { NEXT_OPENING, type RestoreMark } from './restore-mark.ts'
import type { RestoredDocuments } from './restored-documents.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'
import { isStoredDomain } from '../shared/stored-domain.ts'
import type { AsyncTriggers } from '../triggers/async-triggers.ts'

/** Documents per read before they are replaced. */
const PAGE = 500

export interface RestoringParts {
  storage: WorkspaceStorage
  triggers: AsyncTriggers
  /** Resolves when no commit runs. */
  idle: () => Promise<void>
  /** Creates the announcement for documents of the domain. */
  noted: (domain: Domain) => RestoredDocuments
  /** Documents were restored. Clears caches, and announces both the former and the new documents. */
  changed: (noted: RestoredDocuments, docs: readonly Doc[]) => Promise<void>
  /** As read when the workspace opened. */
  mark: RestoreMark | undefined
  /** `seq` of the last durable transaction. */
  lastSeq: () => number
  now: () => number
}

/**
 * Changes by backup tools, which bypass the commit queue. After a change of the log no transaction is committed until
 * the workspace opens again: that reorders the log and starts a new epoch.
 */
export class Restoring {
  readonly #parts: RestoringParts
  #isLogReplaced = false
  readonly #mark: RestoreMarkStore
  #running = 0
  /** Whether all announcements were sent. */
  #isAnnounced = true

  constructor(parts: RestoringParts) {
    this.#parts = parts
    this.#mark = new RestoreMarkStore(parts)
  }

  /** The workspace has to be opened again. */
  get isLogReplaced(): boolean {
    return this.#isLogReplaced
  }

  /** The rejection of commits in that case. */
  refused(): Promise<never> {
    const message = 'the workspace is being restored'
    return Promise.reject(new StatusError('platform:status:Unavailable', { message }))
  }

  /** @throws StorageError */
  async upload(domain: Domain, docs: readonly Doc[]): Promise<void> {
    const kept = docs.map(withoutHash)
    const ids = kept.map(({ _id }) => _id)
    await this.#restore({ domain, ids, docs: kept }, () => this.#parts.storage.upload(domain, kept))
  }

  /** @throws StorageError */
  async clean(domain: Domain, ids: readonly string[]): Promise<void> {
    await this.#restore({ domain, ids, docs: [] }, () => this.#parts.storage.clean(domain, ids))
  }

  /** Whether a client at this log position knows of everything that was restored, and may continue from there. */
  isKnownAt(position: number): boolean {
    return !this.#isLogReplaced && this.#mark.isKnownAt(position)
  }

  /** The announcement of {@link RestoringParts.changed} was sent to clients. */
  async announced(): Promise<void> {
    this.#isAnnounced = true
    await this.#settle()
  }

  async #restore(part: RestoredPart, act: () => Promise<void>): Promise<void> {
    this.#running += 1
    try {
      await this.#perform(part, act)
    } finally {
      this.#running -= 1
      await this.#settle()
    }
  }

  async #perform({ domain, ids, docs }: RestoredPart, act: () => Promise<void>): Promise<void> {
    const { idle, triggers } = this.#parts
    if (domain === domains.tx && !this.#isLogReplaced) {
      this.#isLogReplaced = true
      await triggers.stop()
    }
    // Also for a second call, while the first one still waits.
    if (domain === domains.tx) await idle()
    const noted = await this.#noteThose(domain, ids)
    // The mark is durable before the documents are.
    await this.#mark.restored(this.#position)
    try {
      await act()
    } finally {
      // A failed change may be partial.
      await this.#tell(noted, docs)
    }
    triggers.restored(domain)
  }

  async #tell(noted: RestoredDocuments, docs: readonly Doc[]): Promise<void> {
    try {
      await this.#parts.changed(noted, docs)
    } finally {
      if (noted.changed.length > 0) this.#isAnnounced = false
      // A commit in the meantime may precede or follow the change.
      await this.#mark.restored(this.#position)
    }
  }

  /** Notes the audience of documents that are about to be replaced or removed. */
  async #noteThose(domain: Domain, ids: readonly string[]): Promise<RestoredDocuments> {
    const noted = this.#parts.noted(domain)
    if (!isStoredDomain(domain)) return noted
    for (let at = 0; at < ids.length; at += PAGE)
      noted.take(await this.#parts.storage.get(domain, ids.slice(at, at + PAGE)))
    return noted
  }

  get #position(): number {
    return this.#isLogReplaced ? NEXT_OPENING : this.#parts.lastSeq()
  }

  async #settle(): Promise<void> {
    if (this.#running === 0 && this.#isAnnounced && !this.#isLogReplaced)
      await this.#mark.told(this.#parts.lastSeq())
  }
}

interface RestoredPart {
  domain: Domain
  ids: readonly string[]
  /** The new documents. */
  docs: readonly Doc[]
}
