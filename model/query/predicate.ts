import type { Doc } from '../documents.ts'
import { compareStrings, equalValues, hasPlainOrder } from './compare.ts'
import { compileLike } from './like.ts'
import { someAt, valuesAt, type Test } from './path.ts'
import type { Condition, FieldCondition, Path, SearchCondition, Value } from './plan.ts'
import { compileRegex } from './regex.ts'
import { Search } from './search.ts'

export type Predicate = Check<Doc>
type Check<T> = (value: T) => boolean

/** Documents joined under a name, with their own joins. */
export interface Join {
  documents: (doc: Doc) => readonly Doc[]
  nested: Joins
}
export type Joins = ReadonlyMap<string, Join>

const noJoins: Joins = new Map()

/** Compiles a condition for many documents. `joins` resolve `lookup` conditions. */
export function compileCondition(condition: Condition, joins: Joins = noJoins): Predicate {
  switch (condition.op) {
    case 'all-of':
      return allOf(condition.conditions.map((part) => compileCondition(part, joins)))
    case 'any-of':
      return anyOf(condition.conditions.map((part) => compileCondition(part, joins)))
    case 'none-of':
      return not(anyOf(condition.conditions.map((part) => compileCondition(part, joins))))
    case 'search':
      return searchTest(condition)
    case 'lookup':
      return lookupTest(condition.name, condition.condition, joins)
    default:
      return fieldTest(condition)
  }
}

/** Compiles conditions that must all hold, for values that are not documents. */
export function compileFieldConditions(conditions: readonly FieldCondition[]): Test {
  return allOf(conditions.map(fieldTest))
}

function fieldTest(condition: FieldCondition): Test {
  const { path } = condition
  switch (condition.op) {
    case 'eq':
      return someAt(path, equals(condition.value))
    case 'ne':
      return not(someAt(path, equals(condition.value)))
    case 'in':
      return someAt(path, oneOf(condition.values))
    case 'nin':
      return not(someAt(path, oneOf(condition.values)))
    case 'all':
      return allAt(path, condition.values)
    case 'exists':
      return condition.value ? someAt(path, isDefined) : not(someAt(path, isDefined))
    case 'size':
      return someAt(path, (value) => Array.isArray(value) && value.length === condition.value)
    case 'like':
      return someAt(path, orItem(stringTest(compileLike(condition.pattern))))
    case 'regex':
      return someAt(path, orItem(stringTest(compileRegex(condition.source, condition.flags))))
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return someAt(path, orItem(comparison(condition.op, condition.value)))
    default:
      return condition satisfies never
  }
}

function allOf<T>(tests: readonly Check<T>[]): Check<T> {
  const [first, second] = tests
  if (first === undefined) return () => true
  if (second === undefined) return first
  return (value) => {
    for (const test of tests) if (!test(value)) return false
    return true
  }
}

function anyOf<T>(tests: readonly Check<T>[]): Check<T> {
  return (value) => {
    for (const test of tests) if (test(value)) return true
    return false
  }
}

function not<T>(test: Check<T>): Check<T> {
  return (value) => !test(value)
}

/** Tests the value, or its items if it is an array. */
function orItem(test: Test): Test {
  return (value) => test(value) || (Array.isArray(value) && value.some(test))
}

function isDefined(value: unknown): boolean {
  return value !== undefined
}

function stringTest(test: (text: string) => boolean): Test {
  return (value) => typeof value === 'string' && test(value)
}

function equals(operand: Value): Test {
  if (operand === null) return orItem((value) => value === null || value === undefined)
  if (typeof operand === 'object') return orItem((value) => equalValues(value, operand))
  return (value) => value === operand || (Array.isArray(value) && value.includes(operand))
}

function oneOf(operands: readonly Value[]): Test {
  const scalars = new Set<unknown>(operands.filter((operand) => typeof operand !== 'object'))
  const others = operands.filter((operand) => typeof operand === 'object').map(equals)
  const isScalar: Test = orItem((value) => scalars.has(value))
  return others.length === 0 ? isScalar : anyOf([isScalar, ...others])
}

function allAt(path: Path, operands: readonly Value[]): Test {
  if (operands.length === 0) return () => false
  return allOf(operands.map((operand) => someAt(path, equals(operand))))
}

const outcomes = {
  gt: (order: number) => order > 0,
  gte: (order: number) => order >= 0,
  lt: (order: number) => order < 0,
  lte: (order: number) => order <= 0,
}

function comparison(op: keyof typeof outcomes, operand: Value): Test {
  const outcome = outcomes[op]
  if (typeof operand === 'string') return stringTest(stringComparison(op, operand))
  if (typeof operand === 'number') return (value) => typeof value === 'number' && outcome(value - operand)
  if (typeof operand === 'boolean') {
    return (value) => typeof value === 'boolean' && outcome(Number(value) - Number(operand))
  }
  return () => false
}

function stringComparison(op: keyof typeof outcomes, operand: string): (value: string) => boolean {
  const outcome = outcomes[op]
  if (!hasPlainOrder(operand)) return (value) => outcome(compareStrings(value, operand))
  return (value) => outcome(value < operand ? -1 : value > operand ? 1 : 0)
}

function searchTest(condition: SearchCondition): Predicate {
  const search = new Search(condition)
  const readers = condition.paths.map(valuesAt)
  return (doc) => {
    const texts = readers.flatMap((read) => read(doc)).flatMap(textsOf)
    return search.finds(String(doc._class), texts)
  }
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function lookupTest(name: string, condition: Condition, joins: Joins): Predicate {
  const join = joins.get(name)
  if (join === undefined) return () => false
  const test = compileCondition(condition, join.nested)
  return (doc) => join.documents(doc).some(test)
}
