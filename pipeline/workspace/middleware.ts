import type { Caller } from '../shared/caller.ts'
import type { ModelResponse } from '../../model/workspace-model.ts'
import type { Class, Ref } from '../../model/documents.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import type { DocumentQuery, FindOptions, FindResult } from '../../model/query/query.ts'
import type { SearchPrefix } from '../../model/query/search-terms.ts'
import type { Tx } from '../../model/transactions.ts'
import type { Commit, Workspace } from './workspace.ts'
import type { EncodedResult, Highlight, PartLimits } from '../../storage/contract.ts'

export interface FindRequest {
  _class: Ref<Class>
  query: DocumentQuery
  options: FindOptions
  /** Class, query and options as one plan with the caller's permissions. Set by the middleware that plans. */
  plan?: FindPlan
  /** If set, the result may be JSON text, in parts within these limits. */
  encoded?: PartLimits | undefined
  /** The result of an earlier request must not be shared. */
  isConsistent?: boolean
}

export type FindResponse = FindResult | EncodedResult

export interface SearchOptions {
  limit?: number | undefined
  /** Which words match as prefixes; all by default. */
  prefix?: SearchPrefix | undefined
}

export interface SearchQuery {
  query: string
  classes?: Ref<Class>[] | undefined
  spaces?: string[] | undefined
}

export interface SearchResult {
  docs: {
    id: string
    title?: string
    doc: { _id: string; _class: string }
    /** Omitted for callers that do not see everything. */
    score?: number
    highlights: Highlight[]
  }[]
  total: number
}

/** The requests that a workspace handles. */
export interface Handlers {
  tx: Commit
  /** Returns or throws synchronously if the result, or the error, is known at once. */
  find: (caller: Caller, request: FindRequest) => FindResponse | Promise<FindResponse>
  searchFulltext: (caller: Caller, query: SearchQuery, options: SearchOptions) => Promise<SearchResult>
  loadModel: (caller: Caller, lastTxTime: number, hash?: string) => Promise<ModelResponse | Tx[]>
}

/** Wraps some of the handlers. Omitted handlers pass through. */
export type Middleware = (next: Handlers, workspace: Workspace) => Partial<Handlers>

export function compose(middlewares: readonly Middleware[], last: Handlers, workspace: Workspace): Handlers {
  return middlewares.reduceRight((next, middleware) => ({ ...next, ...middleware(next, workspace) }), last)
}

export function isEncoded(response: FindResponse): response is EncodedResult {
  return 'parts' in response
}
