import type { Class, Ref } from '../../model/documents.ts'
import type { DocumentSource } from '../../model/query/document-source.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import type { Clock } from '../runtime/environment.ts'
import type { ClientModel } from '../model/client-model.ts'
import type { Change } from './change.ts'
import type { Found } from './found.ts'

/** What a live query needs of its client. */
export interface QuerySource {
  clock: Clock
  model: ClientModel
  /** Answers with what was found and with the place in the log it is of. */
  ask: (_class: Ref<Class>, query: DocumentQuery, options: FindOptions) => Promise<QueryResponse>
  /** Changes that were made here and are not confirmed yet, in order. */
  pending: () => readonly Change[]
  /** All documents that are known at this moment, as unsent changes will have them. */
  known: () => DocumentSource
  /** A query has other documents now. */
  answered: () => void
}

export interface QueryResponse {
  docs: Found[]
  total: number
  seq: number | undefined
}

export interface QueryRequest {
  _class: Ref<Class>
  query: DocumentQuery
  options: FindOptions
}
