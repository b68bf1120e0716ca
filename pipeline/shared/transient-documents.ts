import { DocumentStore } from '../../model/document-store.ts'
import type { Doc, Domain } from '../../model/documents.ts'
import { estimatedSize } from './estimated-size.ts'

/** Documents in memory, with their size, in bytes, by account. */
export class TransientDocuments extends DocumentStore {
  readonly #sizes = new Map<string, number>()
  #bytes = 0

  /** Estimated bytes of all documents. */
  get bytes(): number {
    return this.#bytes
  }

  /** Estimated bytes of the documents that the account created. */
  bytesOf(account: string | undefined): number {
    return this.#sizes.get(account ?? '') ?? 0
  }

  override put(domain: Domain, doc: Doc): void {
    this.#count(this.get(domain, doc._id), -1)
    this.#count(doc, 1)
    super.put(domain, doc)
  }

  override remove(domain: Domain, id: string): void {
    this.#count(this.get(domain, id), -1)
    super.remove(domain, id)
  }

  #count(doc: Doc | undefined, sign: 1 | -1): void {
    if (doc === undefined) return
    const size = estimatedSize(doc) * sign
    const account = doc.createdBy ?? ''
    this.#bytes += size
    const left = this.bytesOf(account) + size
    if (left <= 0) this.#sizes.delete(account)
    else this.#sizes.set(account, left)
  }
}
