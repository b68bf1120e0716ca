import type { Doc } from '../documents.ts'
import { compareStrings, compareValues } from './compare.ts'
import { valuesAt } from './path.ts'
import type { SortKey } from './plan.ts'
import type { CaseIndex } from './query.ts'
import { compileCondition, type Joins } from './predicate.ts'

export type Comparator = (a: Doc, b: Doc) => number

const noJoins: Joins = new Map()

/** Sorts documents in place. What a key reads of a document is computed once, not for each comparison. */
export function sortDocuments(docs: Doc[], keys: readonly SortKey[], joins: Joins = noJoins): Doc[] {
  return docs.sort(comparatorOf(keys, joins, remembered))
}

/**
 * Compares by `compareValues` key by key, then by `_id`. Of several values at a path, and of the items of an array,
 * the smallest counts in ascending order and the largest in descending order. An empty array counts as missing.
 */
export function compileSort(keys: readonly SortKey[], joins: Joins = noJoins): Comparator {
  return comparatorOf(keys, joins, (read) => read)
}

type Reader<T> = (doc: Doc) => T
type Wrap = <T>(read: Reader<T>) => Reader<T>

function remembered<T>(read: Reader<T>): Reader<T> {
  const known = new Map<Doc, { value: T }>()
  return (doc) => {
    const found = known.get(doc)
    if (found !== undefined) return found.value
    const value = read(doc)
    known.set(doc, { value })
    return value
  }
}

function comparatorOf(keys: readonly SortKey[], joins: Joins, wrap: Wrap): Comparator {
  const comparators = keys.map((key) =>
    key.cases === undefined ? byValue(key, joins, wrap) : byCase(key, joins, wrap),
  )
  return (a, b) => {
    for (const compare of comparators) {
      const order = compare(a, b)
      if (order !== 0) return order
    }
    return compareStrings(a._id, b._id)
  }
}

function byValue(key: SortKey, joins: Joins, wrap: Wrap): Comparator {
  const values = valuesAt(key.path)
  const read = wrap((doc) =>
    extreme(key.lookup === undefined ? values(doc) : sources(doc, key, joins).flatMap(values), key.order),
  )
  return (a, b) => key.order * compareValues(read(a), read(b))
}

/** Documents without a matching case are last in either order. */
function byCase(key: SortKey, joins: Joins, wrap: Wrap): Comparator {
  const cases = (key.cases ?? []).map(({ condition, index }) => ({
    test: compileCondition(condition),
    index,
  }))
  const read = wrap((doc): CaseIndex | undefined => {
    const found = sources(doc, key, joins)
    return cases.find(({ test }) => found.some(test))?.index ?? key.default
  })
  return (a, b) => {
    const [x, y] = [read(a), read(b)]
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined)
    return key.order * compareValues(x, y)
  }
}

/** The documents that contain the key: the document itself, or those joined to it. */
function sources(doc: Doc, key: SortKey, joins: Joins): readonly Doc[] {
  return key.lookup === undefined ? [doc] : (joins.get(key.lookup)?.documents(doc) ?? [])
}

function extreme(values: readonly unknown[], order: 1 | -1): unknown {
  if (values.length === 1 && !Array.isArray(values[0])) return values[0]
  const candidates = values.flat()
  return candidates.reduce(
    (best, value) => (order * compareValues(value, best) < 0 ? value : best),
    candidates[0],
  )
}
