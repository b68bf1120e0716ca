import type { Doc, Domain } from '../documents.ts'

/** Provides documents to the evaluator. */
export interface DocumentSource {
  documents: (domain: Domain) => Iterable<Doc>
  get: (domain: Domain, id: string) => Doc | undefined
}
