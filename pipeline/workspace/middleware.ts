import type { Caller } from '../shared/caller.ts'
import type { ModelResponse } from '../../model/workspace-model.ts'
import type { Class, Ref } from '../../model/documents.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import type { DocumentQuery, FindOptions, FindResult } from '../../model/query/query.ts'
import type { SearchPrefix } from '../../model/query/search-terms.ts'
import type { Tx } from '../../model/transactions.ts'
import type { Workspace } from './workspace.ts'
import type { EncodedResult, Highlight, PartLimits } from '../../storage/contract.ts'

export interface FindRequest {
  _class: Ref<Class>
  query: DocumentQuery
  options: FindOptions
  /** Of the three above, narrowed to what the caller may see; made by the middleware that plans. */
  plan?: FindPlan
  /** Set: the answer may come as JSON text, in parts within these limits. */
  encoded?: PartLimits | undefined
  /** No run of an earlier request will do. */
  isConsistent?: boolean
}

export type FindResponse = FindResult | EncodedResult

export interface SearchOptions {
  limit?: number | undefined
  /** Which words may be the beginning of a word; all where nothing is said. */
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
    /** Left out for who does not see everything. */
    score?: number
    highlights: Highlight[]
  }[]
  total: number
}

/** What can be asked of a workspace. */
export interface Handlers {
  /** Resolves with the answer once the transaction is durable. */
  tx: (caller: Caller, tx: Tx) => Promise<unknown>
  /** What can be told at once is no promise, and neither is what is wrong with a request. */
  find: (caller: Caller, request: FindRequest) => FindResponse | Promise<FindResponse>
  searchFulltext: (caller: Caller, query: SearchQuery, options: SearchOptions) => Promise<SearchResult>
  loadModel: (caller: Caller, lastTxTime: number, hash?: string) => Promise<ModelResponse | Tx[]>
}

/** Wraps some of the handlers; what it leaves out passes through. */
export type Middleware = (next: Handlers, workspace: Workspace) => Partial<Handlers>

export function compose(middlewares: readonly Middleware[], last: Handlers, workspace: Workspace): Handlers {
  return middlewares.reduceRight((next, middleware) => ({ ...next, ...middleware(next, workspace) }), last)
}

export function isEncoded(answer: FindResponse): answer is EncodedResult {
  return 'parts' in answer
}
