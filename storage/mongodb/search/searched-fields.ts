import type { Doc, Domain } from '../../../model/documents.ts'
import type { Condition } from '../../../model/query/plan.ts'
import type { DomainSchema, StorageSchema } from '../../contract.ts'
import { declaredSearch } from '../../search/search-text.ts'

/** Fields of every document that the index contains besides the searched ones. */
const KEPT = ['_id', '_class', 'space', 'modifiedBy', 'modifiedOn', 'createdBy'] as const

/** The fields that the full-text index contains, according to a schema. */
export class SearchedFields {
  /** The schema of the index's own storage. */
  readonly domains: ReadonlyMap<Domain, DomainSchema>
  /** Identifies the declarations. */
  readonly declared: string

  constructor({ domains }: StorageSchema) {
    const searched = domains.filter(({ fullText }) => fullText.length > 0)
    this.domains = new Map(searched.map((domain) => [domain.domain, { ...domain, indexes: [] }]))
    this.declared = JSON.stringify(searched.map(declaredSearch))
  }

  /** The indexed part of a document. */
  pruned(domain: Domain, doc: Doc): Doc {
    const searched = (this.domains.get(domain)?.fullText ?? []).flatMap(([name]) => name ?? [])
    const names = new Set<string>([...KEPT, ...searched])
    // The result contains the header.
    return Object.fromEntries(Object.entries(doc).filter(([name]) => names.has(name))) as Doc
  }

  /** Whether the index can evaluate the condition. */
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
