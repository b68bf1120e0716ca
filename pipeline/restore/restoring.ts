import type { Doc, Domain } from '../../model/documents.ts'
import { domains } from '../../model/identifiers.ts'
import { StatusError } from '../../model/status.ts'
import { withoutHash } from '../shared/hash-field.ts'
import { KeptMark } from './kept-mark.ts'
import { NEXT_OPENING, type RestoreMark } from './restore-mark.ts'
import type { RestoredDocuments } from './restored-documents.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'
import { isStoredDomain } from '../shared/stored-domain.ts'
import type { AsyncTriggers } from '../triggers/async-triggers.ts'

/** Documents read at a time of those that are about to be others. */
const PAGE = 500

export interface RestoringParts {
  storage: WorkspaceStorage
  triggers: AsyncTriggers
  /** Resolves when no commit is under way. */
  idle: () => Promise<void>
  /** Where what is to be told of documents of the domain is noted. */
  noted: (domain: Domain) => RestoredDocuments
  /** What is known of documents may be wrong: these were put there, and those that were noted are others or gone. */
  changed: (noted: RestoredDocuments, docs: readonly Doc[]) => Promise<void>
  /** As the opening has found it. */
  mark: RestoreMark | undefined
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
  readonly #mark: KeptMark
  #running = 0
  /** Whether there is something that clients are going to be told. */
  #isAnnounced = true

  constructor(parts: RestoringParts) {
    this.#parts = parts
    this.#mark = new KeptMark(parts)
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
    const ids = kept.map(({ _id }) => _id)
    await this.#restore({ domain, ids, docs: kept }, () => this.#parts.storage.upload(domain, kept))
  }

  /** @throws StorageError */
  async clean(domain: Domain, ids: readonly string[]): Promise<void> {
    await this.#restore({ domain, ids, docs: [] }, () => this.#parts.storage.clean(domain, ids))
  }

  /** Whether a client that stands at a place in the log has heard of all that was restored: it may go on from there. */
  hasHeard(place: number): boolean {
    return !this.#isLogReplaced && this.#mark.hasHeard(place)
  }

  /** Clients have been told what {@link RestoringParts.changed} gave to be told. */
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
    // Also for who comes while the first one waits.
    if (domain === domains.tx) await idle()
    const noted = await this.#noteThose(domain, ids)
    // Before anything is there that the log does not tell of.
    await this.#mark.restored(this.#place)
    try {
      await act()
    } finally {
      // Also where it failed half-way.
      await this.#tell(noted, docs)
    }
    triggers.restored(domain)
  }

  async #tell(noted: RestoredDocuments, docs: readonly Doc[]): Promise<void> {
    try {
      await this.#parts.changed(noted, docs)
    } finally {
      if (noted.changed.length > 0) this.#isAnnounced = false
      // What was committed meanwhile may have come before or after.
      await this.#mark.restored(this.#place)
    }
  }

  /** Who was shown a document that is about to be another, or gone, is to be told too. */
  async #noteThose(domain: Domain, ids: readonly string[]): Promise<RestoredDocuments> {
    const noted = this.#parts.noted(domain)
    if (!isStoredDomain(domain)) return noted
    for (let at = 0; at < ids.length; at += PAGE)
      noted.take(await this.#parts.storage.get(domain, ids.slice(at, at + PAGE)))
    return noted
  }

  get #place(): number {
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
  /** What is put there. */
  docs: readonly Doc[]
}
