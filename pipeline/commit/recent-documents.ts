import { LRUCache } from 'lru-cache'
import type { Doc, Domain } from '../../model/documents.ts'
import { estimatedSize } from '../shared/estimated-size.ts'

/** Maximum number of documents, and their estimated bytes. */
const MAX_DOCUMENTS = 500
const MAX_BYTES = 8 * 1024 * 1024

/**
 * Documents as of the last commits. The cache is valid until a restore changes documents without the queue, which is
 * the only other writer.
 */
export class RecentDocuments {
  readonly #docs = new LRUCache<string, { doc: Doc | undefined }>({
    max: MAX_DOCUMENTS,
    maxSize: MAX_BYTES,
    sizeCalculation: ({ doc }) => estimatedSize(doc),
  })

  peek(domain: Domain, id: string): { doc: Doc | undefined } | undefined {
    return this.#docs.get(`${domain}/${id}`)
  }

  /** Keeps the last of these documents, and forgets what it had of the others. */
  setAll(domain: Domain, docs: ReadonlyMap<string, Doc | undefined>): void {
    let without = docs.size - MAX_DOCUMENTS
    for (const [id, doc] of docs) {
      if (without-- > 0) this.#docs.delete(`${domain}/${id}`)
      else this.#docs.set(`${domain}/${id}`, { doc })
    }
  }

  clear(): void {
    this.#docs.clear()
  }
}
