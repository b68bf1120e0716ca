import { isFields, isReservedKey, takeValue, ValueFlaw } from '../json-value.ts'
import { invalidQuery } from './invalid-query.ts'
import type { FieldCondition, Path, Value } from './plan.ts'
import { MAX_PATTERN_LENGTH, checkRegex } from './regex.ts'
import { wasAccepted } from './replayed-regex.ts'

/** Maximum number of segments in a path, and of nested lookups. */
export const MAX_QUERY_DEPTH = 16
/** Maximum number of values, operators, sort keys and lookups in a query. */
export const MAX_QUERY_OPERANDS = 20_000

/** Maximum size of all `$regex` of a query, as `regexSize` counts it. */
export const MAX_QUERY_REGEX_SIZE = 5000

/**
 * Maximum number of tests of a query with each document: its conditions, the values of `$all`, and the objects and
 * arrays among the values of `$in` and `$nin`. Other values are looked up in a set.
 */
export const MAX_QUERY_TESTS = 1000

/** What a query may still use. */
export class OperandBudget {
  #left = MAX_QUERY_OPERANDS
  #tests = MAX_QUERY_TESTS
  #regexSize = MAX_QUERY_REGEX_SIZE
  /** A log may contain what is no longer accepted: it is parsed as before. */
  readonly isReplay: boolean

  constructor({ isReplay = false } = {}) {
    this.isReplay = isReplay
  }

  spend(operands: number): void {
    this.#left -= operands
    if (this.#left < 0) throw invalidQuery('too many operands', { limit: MAX_QUERY_OPERANDS })
  }

  spendTests(tests: number): void {
    if (this.isReplay) return
    this.#tests -= tests
    if (this.#tests < 0) throw invalidQuery('too many tests', { limit: MAX_QUERY_TESTS })
  }

  spendRegex(size: number): void {
    if (this.isReplay) return
    this.#regexSize -= size
    if (this.#regexSize < 0)
      throw invalidQuery('the patterns are too large together', { limit: MAX_QUERY_REGEX_SIZE })
  }
}

/**
 * The conditions of one key of a query; none if the value is `undefined`. The operand of an operator must not be
 * `undefined`: one encoding would drop it and find everything, the other would find nothing.
 */
export function parseField(path: Path, value: unknown, budget: OperandBudget): FieldCondition[] {
  budget.spend(1)
  if (value === undefined) return []
  budget.spendTests(testsOf(value))
  if (!isOperators(value)) return [{ op: 'eq', path, value: parseValue(value) }]
  return Object.entries(value).flatMap(([name, operand]) => {
    budget.spend(Array.isArray(operand) ? operand.length : 1)
    return parseOperator({ path, name, operand, operators: value, budget })
  })
}

/** The tests that an operand, or the operators of one key, take with each value. */
export function testsOf(operand: unknown): number {
  if (!isOperators(operand)) return 1
  return Object.entries(operand).reduce((sum, [name, values]) => {
    if (!Array.isArray(values)) return sum + 1
    return sum + (name === '$all' ? values.length : 1 + values.filter(isObject).length)
  }, 0)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

/** Splits a dotted key. */
export function parsePath(key: string): string[] {
  const path = key.split('.')
  if (path.length > MAX_QUERY_DEPTH) throw invalidQuery('path too deep', { limit: MAX_QUERY_DEPTH })
  if (path.some((part) => part === '' || part.startsWith('$') || isReservedKey(part))) {
    throw invalidQuery('not a field', { field: key.slice(0, 100) })
  }
  return path
}

/** Whether an object contains operators. Otherwise it is a value to compare with. */
export function isOperators(value: unknown): value is Record<string, unknown> {
  return isFields(value) && Object.keys(value).some((key) => key.startsWith('$'))
}

interface Operator {
  path: Path
  name: string
  operand: unknown
  /** The operators in the same object. */
  operators: Record<string, unknown>
  budget: OperandBudget
}

type Parse = (operator: Operator) => FieldCondition[]

const parsers: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['$eq', ({ path, operand }) => [{ op: 'eq', path, value: parseValue(operand) }]],
  ['$ne', ({ path, operand }) => [{ op: 'ne', path, value: parseValue(operand) }]],
  ['$in', (operator) => [{ op: 'in', path: operator.path, values: parseValues(operator) }]],
  ['$nin', (operator) => [{ op: 'nin', path: operator.path, values: parseValues(operator) }]],
  ['$all', (operator) => [{ op: 'all', path: operator.path, values: parseValues(operator) }]],
  ['$gt', parseComparison('gt')],
  ['$gte', parseComparison('gte')],
  ['$lt', parseComparison('lt')],
  ['$lte', parseComparison('lte')],
  ['$exists', parseExists],
  ['$size', parseSize],
  ['$like', parseLike],
  ['$regex', parseRegex],
  ['$options', parseOptions],
])

function parseOperator(operator: Operator): FieldCondition[] {
  const parse = parsers.get(operator.name)
  if (parse === undefined) throw invalidQuery('unknown operator', { operator: operator.name.slice(0, 100) })
  if (operator.operand === undefined) throw wrongOperand(operator, 'anything but undefined')
  return parse(operator)
}

function wrongOperand({ name, path }: Operator, expected: string): Error {
  return invalidQuery('wrong operand', { operator: name, field: path.join('.'), expected })
}

function parseValue(value: unknown): Value {
  try {
    // What takeValue accepts is a JSON value.
    return takeValue(value) as Value
  } catch (error) {
    throw error instanceof ValueFlaw ? invalidQuery(error.message) : error
  }
}

function parseValues(operator: Operator): Value[] {
  const values: unknown = operator.operand
  if (!Array.isArray(values)) throw wrongOperand(operator, 'array')
  // `includes`, because `some` skips holes.
  if (values.includes(undefined)) throw wrongOperand(operator, 'array without undefined')
  return values.map(parseValue)
}

function parseComparison(op: 'gt' | 'gte' | 'lt' | 'lte'): Parse {
  return (operator) => {
    const { path, operand } = operator
    const comparable = typeof operand === 'string' || typeof operand === 'boolean' || Number.isFinite(operand)
    if (!comparable) throw wrongOperand(operator, 'number, string or boolean')
    return [{ op, path, value: parseValue(operand) }]
  }
}

function parseExists(operator: Operator): FieldCondition[] {
  const { path, operand } = operator
  if (typeof operand !== 'boolean' && operand !== 0 && operand !== 1) throw wrongOperand(operator, 'boolean')
  return [{ op: 'exists', path, value: Boolean(operand) }]
}

function parseSize(operator: Operator): FieldCondition[] {
  const { path, operand } = operator
  if (typeof operand !== 'number' || !Number.isSafeInteger(operand) || operand < 0) {
    throw wrongOperand(operator, 'non-negative integer')
  }
  return [{ op: 'size', path, value: operand }]
}

function parseLike(operator: Operator): FieldCondition[] {
  const { path, operand } = operator
  if (typeof operand !== 'string') throw wrongOperand(operator, 'string')
  if (operand.length > MAX_PATTERN_LENGTH)
    throw invalidQuery('pattern too long', { limit: MAX_PATTERN_LENGTH })
  return [{ op: 'like', path, pattern: operand.toWellFormed() }]
}

function parseRegex(operator: Operator): FieldCondition[] {
  const { path, operand: source, operators, budget } = operator
  const flags = operators['$options'] === undefined ? '' : operators['$options']
  if (typeof source !== 'string' || typeof flags !== 'string') throw wrongOperand(operator, 'string')
  try {
    budget.spendRegex(checkRegex(source, flags))
    return [{ op: 'regex', path, source, flags }]
  } catch (error) {
    if (!budget.isReplay || !wasAccepted(source, flags)) throw error
    return [{ op: 'regex', path, source, flags, isReplayed: true }]
  }
}

function parseOptions(operator: Operator): FieldCondition[] {
  if (operator.operators['$regex'] === undefined) throw wrongOperand(operator, 'a $regex beside it')
  return []
}
