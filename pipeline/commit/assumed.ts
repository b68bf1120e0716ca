import type { Domain } from '../../model/documents.ts'
import type { Absent } from '../../storage/contract.ts'

/** What a group takes to be new without having asked storage. */
export class Assumed {
  readonly requests = new Set<string>()
  readonly #documents = new Map<Domain, Set<string>>()

  addDocument(domain: Domain, id: string): void {
    const ids = this.#documents.get(domain)
    if (ids === undefined) this.#documents.set(domain, new Set([id]))
    else ids.add(id)
  }

  /** Of it, what is made. */
  among(made: {
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

  /** It was new indeed, and is there now. */
  settle({ requests, documents }: Absent): void {
    for (const id of requests) this.requests.delete(id)
    for (const { domain, ids } of documents) for (const id of ids) this.#documents.get(domain)?.delete(id)
  }
}
