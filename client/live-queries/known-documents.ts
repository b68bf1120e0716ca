import { applyTransaction } from '../../model/apply-transaction.ts'
import type { Doc, Domain } from '../../model/documents.ts'
import type { DocumentSource } from '../../model/query/document-source.ts'
import type { Change } from './change.ts'
import { withoutJoins } from './found.ts'
import type { ResultWindow } from './result-window.ts'

export interface KnownDocumentsOptions {
  model: DocumentSource
  /** The results of live queries, with the embedded documents. */
  windows: readonly ResultWindow[]
  /** Documents that this client created recently, by id. */
  recent: ReadonlyMap<string, { domain: string; doc: Doc }>
  /** Changes that are not committed yet, in order. */
  pending: readonly Change[]
}

/**
 * A snapshot of all documents that the client has, with its pending changes applied. Pending documents are joined with
 * these until the server responds.
 */
export class KnownDocuments implements DocumentSource {
  readonly #options: KnownDocumentsOptions
  /** Documents that pending changes affect, by domain and id; `undefined`: removed. */
  #affected: Map<Domain, Map<string, Doc | undefined>> | undefined

  constructor(options: KnownDocumentsOptions) {
    this.#options = options
  }

  get(domain: Domain, id: string): Doc | undefined {
    this.#affected ??= this.#applyPending()
    const affected = this.#affected.get(domain)
    return affected?.has(id) === true ? affected.get(id) : this.#find(domain, id)
  }

  documents(domain: Domain): Iterable<Doc> {
    this.#affected ??= this.#applyPending()
    const { model, windows, recent } = this.#options
    const docs = new Map<string, Doc>()
    for (const doc of model.documents(domain)) docs.set(doc._id, doc)
    for (const [id, known] of recent) if (known.domain === domain) docs.set(id, known.doc)
    for (const window of windows)
      window.each((of, doc) => {
        if (of === domain) docs.set(doc._id, withoutJoins(doc))
      })
    for (const [id, doc] of this.#affected.get(domain) ?? []) {
      if (doc === undefined) docs.delete(id)
      else docs.set(id, doc)
    }
    return docs.values()
  }

  /** Without the pending changes. */
  #find(domain: Domain, id: string): Doc | undefined {
    const { model, windows, recent } = this.#options
    for (const window of windows) {
      const found = window.find(domain, id)
      if (found !== undefined) return withoutJoins(found)
    }
    const known = recent.get(id)
    return known?.domain === domain ? known.doc : model.get(domain, id)
  }

  #applyPending(): Map<Domain, Map<string, Doc | undefined>> {
    const domains = new Map<Domain, Map<string, Doc | undefined>>()
    for (const change of this.#options.pending) {
      const { domain, target } = change
      if (domain === undefined) continue
      const docs = domains.get(domain) ?? new Map<string, Doc | undefined>()
      domains.set(domain, docs)
      const { _id } = target
      docs.set(_id, changed(docs.has(_id) ? docs.get(_id) : this.#find(domain, _id), change))
    }
    return domains
  }
}

/** The document after the change, or before it if the change cannot be applied. */
export function changed(doc: Doc | undefined, { tx }: Change): Doc | undefined {
  try {
    return applyTransaction(doc, tx)
  } catch {
    return doc
  }
}
