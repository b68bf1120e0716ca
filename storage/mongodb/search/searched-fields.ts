import type { Doc, Domain } from '../../../model/documents.ts'
import type { Condition } from '../../../model/query/plan.ts'
import type { DomainSchema, StorageSchema } from '../../contract.ts'
import { declaredSearch } from '../../search/search-text.ts'

/** What the index keeps of every document, besides what is searched. */
const KEPT = ['_id', '_class', 'space', 'modifiedBy', 'modifiedOn', 'createdBy'] as const

/** What of documents goes into the full-text index, as a schema declares it. */
export class SearchedFields {
  /** As the index's own storage is told. */
  readonly domains: ReadonlyMap<Domain, DomainSchema>
  /** Changes with the fields. */
  readonly declared: string

  constructor({ domains }: StorageSchema) {
    const searched = domains.filter(({ fullText }) => fullText.length > 0)
    this.domains = new Map(searched.map((domain) => [domain.domain, { ...domain, indexes: [] }]))
    this.declared = JSON.stringify(searched.map(declaredSearch))
  }

  /** What the index keeps of a document. */
  pruned(domain: Domain, doc: Doc): Doc {
    const searched = (this.domains.get(domain)?.fullText ?? []).flatMap(([name]) => name ?? [])
    const names = new Set<string>([...KEPT, ...searched])
    // The header is among the names.
    return Object.fromEntries(Object.entries(doc).filter(([name]) => names.has(name))) as Doc
  }

  /** Whether the index tells which documents meet the condition. */
  decides(domain: Domain, condition: Condition): boolean {
    if ('conditions' in condition) return condition.conditions.every((part) => this.decides(domain, part))
    if (condition.op === 'lookup') return false
    if (condition.op === 'search') return condition.paths.every((path) => this.#isSearched(domain, path))
    const [name = '', ...deeper] = condition.path
    return deeper.length === 0 && KEPT.some((kept) => kept === name)
  }

  #isSearched(domain: Domain, path: readonly string[]): boolean {
    const wanted = JSON.stringify(path)
    return this.domains.get(domain)?.fullText.some((each) => JSON.stringify(each) === wanted) ?? false
  }
}
