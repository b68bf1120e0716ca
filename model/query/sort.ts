import type { Doc } from '../documents.ts'
import { compareStrings, compareValues } from './compare.ts'
import { valuesAt } from './path.ts'
import type { SortKey } from './plan.ts'
import type { CaseIndex } from './query.ts'
import { compileCondition, type Joins } from './predicate.ts'
import { stepsOfComparison, TEST_STEPS, type WorkMeter } from './work-meter.ts'

export type Comparator = (a: Doc, b: Doc) => number

const noJoins: Joins = new Map()

/** Characters of two texts that are compared in a step. */
const CHARACTERS_COMPARED = 8

/**
 * Sorts documents in place. What a key reads of a document is computed once, not for each comparison.
 * @param meter counts the comparisons, by the length of what they compare
 */
export function sortDocuments(
  docs: Doc[],
  keys: readonly SortKey[],
  joins: Joins = noJoins,
  meter?: WorkMeter,
): Doc[] {
  const context = { joins, wrap: remembered, meter: meter && new SortMeter(meter, docs.length) }
  return docs.sort(comparatorOf(keys, context))
}

/** A value that is read takes part in as many comparisons as the number of documents has binary digits. */
class SortMeter {
  readonly #meter: WorkMeter
  readonly #comparisons: number

  constructor(meter: WorkMeter, documents: number) {
    this.#meter = meter
    this.#comparisons = Math.ceil(Math.log2(documents + 1))
    meter.spend(documents * this.#comparisons * TEST_STEPS)
  }

  spend(value: unknown): void {
    const length = typeof value === 'string' ? value.length : stepsOfComparison(value)
    this.#meter.spend((length * this.#comparisons) / CHARACTERS_COMPARED)
  }
}

/**
 * Compares by `compareValues` key by key, then by `_id`. Of several values at a path, and of the items of an array,
 * the smallest counts in ascending order and the largest in descending order. An empty array counts as missing.
 */
export function compileSort(keys: readonly SortKey[], joins: Joins = noJoins): Comparator {
  return comparatorOf(keys, { joins, wrap: (read) => read, meter: undefined })
}

type Reader<T> = (doc: Doc) => T
type Wrap = <T>(read: Reader<T>) => Reader<T>

interface Context {
  joins: Joins
  wrap: Wrap
  meter: SortMeter | undefined
}

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

function comparatorOf(keys: readonly SortKey[], context: Context): Comparator {
  const comparators = keys.map((key) =>
    key.cases === undefined ? byValue(key, context) : byCase(key, context),
  )
  return (a, b) => {
    for (const compare of comparators) {
      const order = compare(a, b)
      if (order !== 0) return order
    }
    return compareStrings(a._id, b._id)
  }
}

function byValue(key: SortKey, { joins, wrap, meter }: Context): Comparator {
  const values = valuesAt(key.path)
  const read = wrap((doc) => {
    const found = key.lookup === undefined ? values(doc) : sources(doc, key, joins).flatMap(values)
    for (const value of found) meter?.spend(value)
    return extreme(found, key.order)
  })
  return (a, b) => key.order * compareValues(read(a), read(b))
}

/** Documents without a matching case are last in either order. */
function byCase(key: SortKey, { joins, wrap, meter }: Context): Comparator {
  const cases = (key.cases ?? []).map(({ condition, index }) => ({
    test: compileCondition(condition),
    index,
  }))
  const read = wrap((doc): CaseIndex | undefined => {
    const found = sources(doc, key, joins)
    if (found.length > 1) meter?.spend(found)
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
