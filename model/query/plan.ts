import type { Domain } from '../documents.ts'
import type { CaseIndex } from './query.ts'
import type { SearchPhrase } from './search.ts'

/**
 * A query with its class, mixins and lookups resolved, so that whoever runs it needs no hierarchy:
 * the in-memory evaluator and every storage adapter compile the same plan.
 *
 * Conditions mean what MongoDB's mean: a path walks into arrays of objects, a scalar matches inside an
 * array, comparison is within one type (numbers with numbers, strings by code point, booleans), `null`
 * equals a missing field, `ne`/`nin` are the negations of `eq`/`in`.
 */
export interface FindPlan {
  domain: Domain
  /** The class (descendants listed), the mixin, the caller's query and permissions, all in one. */
  condition: Condition
  sort: SortKey[]
  /** `undefined`: no limit. */
  limit?: number | undefined
  projection?: Projection | undefined
  total: boolean
  lookups: LookupPlan[]
}

/** Field names from the outside in. A mixin's field is `[mixinId, field]`. */
export type Path = readonly string[]

/** A JSON value. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value }

/** Each term of the search is in one of the fields. */
export interface SearchCondition extends SearchPhrase {
  op: 'search'
  paths: Path[]
}

export type Condition =
  | { op: 'all-of'; conditions: Condition[] }
  | { op: 'any-of'; conditions: Condition[] }
  | { op: 'none-of'; conditions: Condition[] }
  | { op: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte'; path: Path; value: Value }
  /** `isRule`: a permission, which says nothing of the order in which documents are best read. */
  | { op: 'in' | 'nin' | 'all'; path: Path; values: readonly Value[]; isRule?: true }
  | { op: 'exists'; path: Path; value: boolean }
  | { op: 'size'; path: Path; value: number }
  /** `%` stands for any run of characters; the whole value, case-insensitive. */
  | { op: 'like'; path: Path; pattern: string }
  | { op: 'regex'; path: Path; source: string; flags: string }
  | SearchCondition
  /** A document looked up under `name` meets the condition. */
  | { op: 'lookup'; name: string; condition: Condition }

/** A condition on the values at one path. */
export type FieldCondition = Exclude<
  Condition,
  { op: 'all-of' | 'any-of' | 'none-of' } | { op: 'search' } | { op: 'lookup' }
>

export interface SortKey {
  path: Path
  order: 1 | -1
  /** Set for a path into a looked-up document; `path` is then within it. */
  lookup?: string
  /** Sort by the index of the first case that holds, not by the value. */
  cases?: { condition: Condition; index: CaseIndex }[]
  /** The index where no case holds; last (in either order) when undefined. */
  default?: CaseIndex | undefined
}

/** All fields but these, or only these (always with `_id` and `_class`). */
export type Projection = { include: Path[] } | { exclude: Path[] }

/**
 * Documents joined to each result under `$lookup[name]`. `forward`: the one whose `_id` is the value at
 * `path`. `reverse`: all whose value at `path` is the result's `_id`, by `_id`.
 */
export interface LookupPlan {
  name: string
  direction: 'forward' | 'reverse'
  path: Path
  domain: Domain
  /** Class and permissions of the joined documents. */
  condition: Condition
  nested: LookupPlan[]
}
