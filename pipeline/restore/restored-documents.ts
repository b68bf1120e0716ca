import type { Doc, Domain } from '../../model/documents.ts'
import type { Affected } from '../push/affected.ts'
import { indexedAsRestored } from '../search-updates/indexed-documents.ts'
import { isStoredDomain } from '../shared/stored-domain.ts'
import type { Workspace } from '../workspace/workspace.ts'

/**
 * Announcement of documents that were restored or removed without the log: each class once per audience, however many
 * documents there are.
 */
export class RestoredDocuments {
  readonly #domain: Domain
  readonly #workspace: Workspace
  readonly #changed = new Map<string, Affected>()
  readonly #indexed = new Map<string, Affected>()
  #hasSpaces = false

  constructor(domain: Domain, workspace: Workspace) {
    this.#domain = domain
    this.#workspace = workspace
  }

  /** Adds documents, with their current audience. */
  take(docs: readonly Doc[]): void {
    // The log and the model are not announced: the log has positions, and the model follows from it.
    if (!isStoredDomain(this.#domain)) return
    const { model, permissions } = this.#workspace
    const { hierarchy } = model
    // Documents of unknown classes are visible to nobody.
    for (const doc of docs.filter(({ _class }) => hierarchy.findClass(_class) !== undefined)) {
      const audience = permissions.narrowed(permissions.audienceOf(undefined, doc))
      keep(this.#changed, { _class: doc._class, audience })
    }
    for (const each of indexedAsRestored(hierarchy, permissions, docs)) keep(this.#indexed, each)
    this.#hasSpaces ||= docs.some((doc) => permissions.isSpace(this.#domain, doc))
  }

  /** Classes whose documents changed. */
  get changed(): Affected[] {
    return [...this.#changed.values()]
  }

  /** Classes whose documents may be found by other words. */
  get indexed(): Affected[] {
    return [...this.#indexed.values()]
  }

  /** Whether any of the documents is a space. */
  get hasSpaces(): boolean {
    return this.#hasSpaces
  }
}

function keep(kept: Map<string, Affected>, affected: Affected): void {
  const { _class, audience } = affected
  kept.set(JSON.stringify([_class, audience ?? null]), affected)
}
