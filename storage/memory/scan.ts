import type { Doc, Domain } from '../../model/documents.ts'
import type { DocumentStore } from '../../model/document-store.ts'
import { compareStrings } from '../../model/query/compare.ts'
import { type DocumentInfo, type DocumentPage, type DomainScan, StorageError } from '../contract.ts'
import { InfoPage } from '../shared/document-info.ts'

/** A scan over an array of documents, which are replaced and never changed in place. */
export class MemoryScan implements DomainScan {
  readonly seq: number
  #docs: readonly Doc[] | undefined
  #at = 0

  constructor(seq: number, docs: readonly Doc[]) {
    this.seq = seq
    this.#docs = docs
  }

  async next(byteLimit: number): Promise<{ docs: DocumentInfo[]; finished: boolean }> {
    const all = await this.#all()
    const { docs } = pageOf(all.slice(this.#at), byteLimit)
    this.#at += docs.length
    return { docs, finished: this.#at >= all.length }
  }

  async get(ids: readonly string[]): Promise<Doc[]> {
    const wanted = new Set(ids)
    return (await this.#all()).filter(({ _id }) => wanted.has(_id))
  }

  close(): void {
    this.#docs = undefined
  }

  #all(): Promise<readonly Doc[]> {
    return this.#docs === undefined
      ? Promise.reject(new StorageError('closed', 'the read has ended'))
      : Promise.resolve(this.#docs)
  }
}

export function byId(store: DocumentStore, domain: Domain): Doc[] {
  return [...store.documents(domain)].sort((a, b) => compareStrings(a._id, b._id))
}

export function pageOf(docs: readonly Doc[], byteLimit: number): DocumentPage {
  const page = new InfoPage(byteLimit)
  const isWhole = docs.every((doc) => page.add(doc))
  const cursor = page.docs.at(-1)?.id
  return isWhole || cursor === undefined ? { docs: page.docs } : { docs: page.docs, cursor }
}
