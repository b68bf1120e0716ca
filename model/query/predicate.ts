import type { Doc } from '../documents.ts'
import { compareStrings, equalValues, hasPlainOrder } from './compare.ts'
import { compileLike } from './like.ts'
import { someAt, valuesAt, type Test } from './path.ts'
import type { Condition, FieldCondition, SearchCondition, Value } from './plan.ts'
import { compileRegex } from './regex.ts'
import { Search } from './search.ts'
import { compileReplayedRegex } from './replayed-regex.ts'
import { stepsOfTests } from './query-price.ts'
import { stepsOfComparison, TEST_STEPS, type WorkMeter } from './work-meter.ts'

export type Predicate = Check<Doc>
type Check<T> = (value: T) => boolean

/** Documents joined under a name, with their own joins. */
export interface Join {
  documents: (doc: Doc) => readonly Doc[]
  nested: Joins
}
export type Joins = ReadonlyMap<string, Join>

const noJoins: Joins = new Map()

/**
 * Compiles a condition for many documents.
 * @param joins resolve `lookup` conditions
 * @param meter counts what tests of long values take: texts, arrays and objects
 */
export function compileCondition(condition: Condition, joins: Joins = noJoins, meter?: WorkMeter): Predicate {
  switch (condition.op) {
    case 'all-of':
      return allOf(condition.conditions.map((part) => compileCondition(part, joins, meter)))
    case 'any-of':
      return anyOf(condition.conditions.map((part) => compileCondition(part, joins, meter)))
    case 'none-of':
      return not(anyOf(condition.conditions.map((part) => compileCondition(part, joins, meter))))
    case 'search':
      return searchTest(condition, meter)
    case 'lookup':
      return lookupTest(condition, joins, meter)
    default:
      return fieldTest(condition, meter)
  }
}

/** Compiles conditions that must all hold, for values that are not documents. */
export function compileFieldConditions(conditions: readonly FieldCondition[], meter?: WorkMeter): Test {
  return allOf(conditions.map((condition) => fieldTest(condition, meter)))
}

function fieldTest(condition: FieldCondition, meter: WorkMeter | undefined): Test {
  const { path } = condition
  const steps = condition.op === 'all' ? TEST_STEPS : stepsOfTests(condition)
  const someOf = (test: Test) => someAt(path, test, meter, steps)
  switch (condition.op) {
    case 'eq':
      return someOf(equals(condition.value, meter))
    case 'ne':
      return not(someOf(equals(condition.value, meter)))
    case 'in':
      return someOf(oneOf(condition.values, meter))
    case 'nin':
      return not(someOf(oneOf(condition.values, meter)))
    case 'all':
      return allAt(condition.values, someOf, meter)
    case 'exists':
      return condition.value ? someOf(isDefined) : not(someOf(isDefined))
    case 'size':
      return someOf((value) => Array.isArray(value) && value.length === condition.value)
    case 'like':
      return someOf(orItem(stringTest(compileLike(condition.pattern, meter)), meter))
    case 'regex':
      return someOf(orItem(stringTest(regexTest(condition, meter)), meter))
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return someOf(orItem(comparison(condition.op, condition.value), meter))
    default:
      return condition satisfies never
  }
}

type RegexCondition = Extract<FieldCondition, { op: 'regex' }>

function regexTest({ source, flags, isReplayed }: RegexCondition, meter: WorkMeter | undefined) {
  return isReplayed === true ? compileReplayedRegex(source, flags) : compileRegex(source, flags, meter)
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
function orItem(test: Test, meter: WorkMeter | undefined): Test {
  return (value) => {
    if (test(value)) return true
    if (!Array.isArray(value)) return false
    meter?.spend(value.length * TEST_STEPS)
    return value.some(test)
  }
}

function isDefined(value: unknown): boolean {
  return value !== undefined
}

function stringTest(test: (text: string) => boolean): Test {
  return (value) => typeof value === 'string' && test(value)
}

function equals(operand: Value, meter: WorkMeter | undefined): Test {
  if (operand === null) return orItem((value) => value === null || value === undefined, meter)
  if (typeof operand === 'object') return equalsObject(operand, meter)
  return (value) => {
    if (!Array.isArray(value)) return value === operand
    meter?.spend(value.length)
    return value.includes(operand)
  }
}

function equalsObject(operand: object, meter: WorkMeter | undefined): Test {
  const steps = stepsOfComparison(operand)
  const test: Test = (value) => {
    if (typeof value !== 'object') return false
    meter?.spend(steps)
    return equalValues(value, operand)
  }
  return orItem(test, meter)
}

function oneOf(operands: readonly Value[], meter: WorkMeter | undefined): Test {
  const scalars = new Set<unknown>(operands.filter((operand) => typeof operand !== 'object'))
  const others = operands
    .filter((operand) => typeof operand === 'object')
    .map((operand) => equals(operand, meter))
  const isScalar: Test = orItem((value) => scalars.has(value), meter)
  return others.length === 0 ? isScalar : anyOf([isScalar, ...others])
}

function allAt(operands: readonly Value[], someOf: (test: Test) => Test, meter: WorkMeter | undefined): Test {
  if (operands.length === 0) return () => false
  return allOf(operands.map((operand) => someOf(equals(operand, meter))))
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

function searchTest(condition: SearchCondition, meter: WorkMeter | undefined): Predicate {
  const search = new Search(condition)
  const readers = condition.paths.map((path) => valuesAt(path, meter))
  return (doc) => {
    const texts = readers.flatMap((read) => read(doc)).flatMap(textsOf)
    for (const { length } of texts) meter?.spend(search.stepsFor(length))
    return search.finds(String(doc._class), texts)
  }
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function lookupTest(
  { name, condition }: Extract<Condition, { op: 'lookup' }>,
  joins: Joins,
  meter: WorkMeter | undefined,
): Predicate {
  const join = joins.get(name)
  if (join === undefined) return () => false
  const test = compileCondition(condition, join.nested, meter)
  const steps = stepsOfTests(condition)
  return (doc) => {
    const docs = join.documents(doc)
    meter?.spend(docs.length * steps)
    return docs.some(test)
  }
}
