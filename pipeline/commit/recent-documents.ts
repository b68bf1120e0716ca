import { LRUCache } from 'lru-cache'
import type { Doc, Domain } from '../../model/documents.ts'

/** Documents kept at most. */
const MAX_DOCUMENTS = 500

/**
 * Documents as the last commits left them. The queue is the one writer, so they are what storage has, until
 * somebody restores documents past the queue.
 */
export class RecentDocuments {
  readonly #docs = new LRUCache<string, { doc: Doc | undefined }>({ max: MAX_DOCUMENTS })

  peek(domain: Domain, id: string): { doc: Doc | undefined } | undefined {
    return this.#docs.get(`${domain}/${id}`)
  }

  set(domain: Domain, id: string, doc: Doc | undefined): void {
    this.#docs.set(`${domain}/${id}`, { doc })
  }

  clear(): void {
    this.#docs.clear()
  }
}
