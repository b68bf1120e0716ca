import type { Doc, Domain } from '../../model/documents.ts'
import type { Affected } from '../push/affected.ts'
import { indexedAsRestored } from '../search-updates/indexed-documents.ts'
import { isStoredDomain } from '../shared/stored-domain.ts'
import type { Workspace } from '../workspace/workspace.ts'

/**
 * What is to be told of documents that were put in their place past the log, or were there until then: their classes,
 * each once for all who may hear of it, however many documents there are.
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

  /** Takes documents in by who may hear of them now. */
  take(docs: readonly Doc[]): void {
    // The log has places of its own, and the model comes from it.
    if (!isStoredDomain(this.#domain)) return
    const { model, permissions } = this.#workspace
    const { hierarchy } = model
    // Nobody is shown documents of classes that the model does not know.
    for (const doc of docs.filter(({ _class }) => hierarchy.findClass(_class) !== undefined)) {
      const audience = permissions.narrowed(permissions.audienceOf(undefined, doc))
      keep(this.#changed, { _class: doc._class, audience })
    }
    for (const each of indexedAsRestored(hierarchy, permissions, docs)) keep(this.#indexed, each)
    this.#hasSpaces ||= docs.some((doc) => permissions.isSpace(this.#domain, doc))
  }

  /** Classes whose documents are others now. */
  get changed(): Affected[] {
    return [...this.#changed.values()]
  }

  /** Classes whose documents are found by other words now. */
  get indexed(): Affected[] {
    return [...this.#indexed.values()]
  }

  /** Whether any of them decides what others see. */
  get hasSpaces(): boolean {
    return this.#hasSpaces
  }
}

function keep(kept: Map<string, Affected>, affected: Affected): void {
  const { _class, audience } = affected
  kept.set(JSON.stringify([_class, audience ?? null]), affected)
}
