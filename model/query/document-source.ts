import type { Doc, Domain } from '../documents.ts'

/** Where the evaluator finds documents. */
export interface DocumentSource {
  documents: (domain: Domain) => Iterable<Doc>
  get: (domain: Domain, id: string) => Doc | undefined
}
