import type { Class, Ref } from '../../model/documents.ts'
import type { DocumentSource } from '../../model/query/document-source.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import type { Clock } from '../runtime/environment.ts'
import type { ClientModel } from '../model/client-model.ts'
import type { Change } from './change.ts'
import type { Found } from './found.ts'

/** The dependencies of a live query on its client. */
export interface QuerySource {
  clock: Clock
  model: ClientModel
  /** Queries the server. */
  ask: (_class: Ref<Class>, query: DocumentQuery, options: FindOptions) => Promise<QueryResponse>
  /** Changes of this client that are not committed yet, in order. */
  pending: () => readonly Change[]
  /** All documents that the client has, with the pending changes applied. */
  known: () => DocumentSource
  /** A query has loaded other documents. */
  loaded: () => void
}

export interface QueryResponse {
  docs: Found[]
  total: number
  /** The position in the log that the result is of. */
  seq: number | undefined
}

export interface QueryRequest {
  _class: Ref<Class>
  query: DocumentQuery
  options: FindOptions
}
