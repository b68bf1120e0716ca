import type { Domain } from '../../model/documents.ts'
import type { Absent } from '../../storage/contract.ts'

/** Requests and documents that a group assumes to be new, without asking storage. */
export class Assumptions {
  readonly requests = new Set<string>()
  readonly #documents = new Map<Domain, Set<string>>()

  addDocument(domain: Domain, id: string): void {
    const ids = this.#documents.get(domain)
    if (ids === undefined) this.#documents.set(domain, new Set([id]))
    else ids.add(id)
  }

  /** The assumptions that the batch depends on: about requests and documents that it creates. */
  usedBy(made: {
    request: (id: string) => boolean
    document: (domain: Domain, id: string) => boolean
  }): Absent {
    const requests = [...this.requests].filter(made.request)
    const documents = [...this.#documents].map(([domain, ids]) => ({
      domain,
      ids: [...ids].filter((id) => made.document(domain, id)),
    }))
    return { requests, documents: documents.filter(({ ids }) => ids.length > 0) }
  }

  /** The assumptions held, and the requests and documents exist now. */
  settle({ requests, documents }: Absent): void {
    for (const id of requests) this.requests.delete(id)
    for (const { domain, ids } of documents) for (const id of ids) this.#documents.get(domain)?.delete(id)
  }
}
