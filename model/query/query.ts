import type { Class, Doc, Ref } from '../documents.ts'
import type { SearchPrefix } from './search-terms.ts'

/**
 * A query as received: fields with values or operators. Fields may be dotted paths. Fields of mixins have their plain
 * name.
 */
export type DocumentQuery<T extends Doc = Doc> = { [K in keyof T]?: FieldQuery<T[K]> } & {
  $search?: string
  /** Which words of `$search` match as prefixes: `all` (the default), the `last` one, or `none`. */
  $prefix?: SearchPrefix
} & Record<string, unknown>

export type FieldQuery<V> = V | FieldOperators<V> | (V extends readonly (infer I)[] ? I : never)

export interface FieldOperators<V = unknown> {
  $in?: V[]
  $nin?: V[]
  $ne?: V | null
  $gt?: V
  $gte?: V
  $lt?: V
  $lte?: V
  $exists?: boolean
  $all?: unknown[]
  $size?: number
  $like?: string
  $regex?: string
  $options?: string
}

export interface SortByCases {
  order: 1 | -1
  /** The index of documents that match no case. If omitted, they are last. */
  default?: CaseIndex
  cases: { query: unknown; index: CaseIndex }[]
}

/** The rank of a case. Numbers come before strings. */
export type CaseIndex = number | string

export type SortQuery = Record<string, 1 | -1 | SortByCases>

/** `{attr: Class}`, `{attr: [Class, nested]}`, `{_id: {name: Class | [Class, attr]}}`. */
export interface LookupQuery {
  _id?: Record<string, Ref<Class> | [Ref<Class>, string]>
  [attribute: string]: unknown
}

export interface FindOptions {
  limit?: number
  sort?: SortQuery
  projection?: Record<string, 0 | 1>
  /** Count all matching documents. Otherwise the total is `-1`. */
  total?: boolean
  lookup?: LookupQuery
}

export type WithLookup<T extends Doc> = T & { $lookup?: Record<string, unknown> }

/** Documents, with the number of matches regardless of the limit (`-1` if not requested). */
export type FindResult<T extends Doc = Doc> = WithLookup<T>[] & { total: number }
