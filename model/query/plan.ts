import type { Domain } from '../documents.ts'
import type { CaseIndex } from './query.ts'
import type { SearchPhrase } from './search.ts'

/**
 * A query with resolved class, mixins and lookups, so that running it needs no hierarchy. The in-memory evaluator and
 * every storage adapter compile the same plan.
 *
 * The semantics are those of MongoDB: a path enters arrays of objects, a scalar matches inside an array, comparison
 * is within one type (numbers with numbers, strings by code point, booleans), `null` equals a missing field, and
 * `ne`/`nin` negate `eq`/`in`.
 */
export interface FindPlan {
  domain: Domain
  /** Combines the classes, the mixin, the caller's query and permissions. */
  condition: Condition
  sort: SortKey[]
  /** `undefined`: no limit. */
  limit?: number | undefined
  projection?: Projection | undefined
  total: boolean
  lookups: LookupPlan[]
}

/** Field names from the outside in. The path of a mixin's field is `[mixinId, field]`. */
export type Path = readonly string[]

/** A JSON value. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value }

/** Each term of the search occurs in one of the fields. */
export interface SearchCondition extends SearchPhrase {
  op: 'search'
  paths: Path[]
}

export type Condition =
  | { op: 'all-of'; conditions: Condition[] }
  | { op: 'any-of'; conditions: Condition[] }
  | { op: 'none-of'; conditions: Condition[] }
  | { op: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte'; path: Path; value: Value }
  /** `isRule`: a permission, which does not determine the best index. */
  | { op: 'in' | 'nin' | 'all'; path: Path; values: readonly Value[]; isRule?: true }
  | { op: 'exists'; path: Path; value: boolean }
  | { op: 'size'; path: Path; value: number }
  /** `%` matches any run of characters. Compares the whole value, case-insensitively. */
  | { op: 'like'; path: Path; pattern: string }
  /** `isReplayed`: an older log contains it, with syntax that is no longer accepted. */
  | { op: 'regex'; path: Path; source: string; flags: string; isReplayed?: true }
  | SearchCondition
  /** A document joined under `name` meets the condition. */
  | { op: 'lookup'; name: string; condition: Condition }

/** A condition on the values at one path. */
export type FieldCondition = Exclude<
  Condition,
  { op: 'all-of' | 'any-of' | 'none-of' } | { op: 'search' } | { op: 'lookup' }
>

export interface SortKey {
  path: Path
  order: 1 | -1
  /** Set if the path is within a joined document. */
  lookup?: string
  /** Sort by the index of the first case that holds instead of the value. */
  cases?: { condition: Condition; index: CaseIndex }[]
  /** The index if no case holds. If undefined, the document is last in either order. */
  default?: CaseIndex | undefined
}

/** All fields except these, or only these. `_id` and `_class` are always included. */
export type Projection = { include: Path[] } | { exclude: Path[] }

/**
 * Documents joined to each result under `$lookup[name]`. `forward`: the document whose `_id` is the value at `path`.
 * `reverse`: all documents whose value at `path` is the `_id` of the result, sorted by `_id`.
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
