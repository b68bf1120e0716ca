import { changeField } from './field-path.ts'
import { invalidTransaction } from './invalid-transaction.ts'
import { isFields, type Fields } from './json-value.ts'
import { equalValues } from './query/compare.ts'
import { OperandBudget, isOperators, parseField, parsePath, testsOf } from './query/parse-condition.ts'
import { compileFieldConditions } from './query/predicate.ts'
import { StatusError } from './status.ts'

/** Maximum number of tests in one `$pull` or `$update`: its conditions times the items of the array. */
export const MAX_ITEM_TESTS = 5_000_000

type Items = readonly unknown[]
/** Returns the new array, or `undefined` to leave a missing one missing. */
export type ArrayChange = (items: Items | undefined) => Items | undefined

/** The update operators on arrays. Each checks its operand first. */
export const arrayChanges: ReadonlyMap<string, (operand: unknown, field: string) => ArrayChange> = new Map([
  ['$push', push],
  ['$pull', pull],
  ['$move', move],
  ['$update', update],
])

function push(operand: unknown, field: string): ArrayChange {
  if (!isFields(operand) || !isOperators(operand)) return (items = []) => [...items, operand]
  const { $each, $position, ...others } = operand
  if (!Array.isArray($each) || Object.keys(others).length > 0)
    throw wrongOperand('$push', field, '{$each, $position}')
  const each: Items = $each
  if ($position === undefined) return (items = []) => [...items, ...each]
  const position = integer($position, '$push', field)
  return (items = []) => [...items.slice(0, position), ...each, ...items.slice(position)]
}

/** Removes equal items, items that meet operators, or objects that meet a query. */
function pull(operand: unknown, field: string): ArrayChange {
  const drops = itemTest(operand, '$pull', field)
  return (items) => {
    checkTests(operand, items, '$pull')
    const kept = items?.filter((item) => !drops(item))
    return kept?.length === items?.length ? items : kept
  }
}

/** Removes the value and inserts it at a position among the remaining items. */
function move(operand: unknown, field: string): ArrayChange {
  if (!isFields(operand) || operand['$value'] === undefined)
    throw wrongOperand('$move', field, '{$value, $position}')
  const { $value: value } = operand
  const position = integer(operand['$position'], '$move', field)
  return (items = []) => items.filter((item) => !equalValues(item, value)).toSpliced(position, 0, value)
}

/** Sets fields of the objects in the array that meet the query. */
function update(operand: unknown, field: string): ArrayChange {
  if (!isFields(operand) || !isFields(operand['$query']) || !isFields(operand['$update'])) {
    throw wrongOperand('$update', field, '{$query, $update}')
  }
  const matches = itemTest(operand['$query'], '$update', field)
  const changes = Object.entries(operand['$update']).filter(([, value]) => value !== undefined)
  const tests = { ...operand['$query'], ...operand['$update'] }
  return (items) => {
    checkTests(tests, items, '$update')
    return items?.map((item) => (isFields(item) && matches(item) ? withFields(item, changes) : item))
  }
}

/** Many conditions over a long array would take too long. */
function checkTests(operand: unknown, items: Items = [], operator: string): void {
  const isQuery = isFields(operand) && !isOperators(operand)
  const tests = isQuery
    ? Object.values(operand).reduce<number>((sum, value) => sum + testsOf(value), 0)
    : testsOf(operand)
  if (tests * items.length > MAX_ITEM_TESTS)
    throw invalidTransaction('too many tests', { operator, limit: MAX_ITEM_TESTS })
}

function withFields(item: Fields, changes: readonly [string, unknown][]): Fields {
  const copy = { ...item }
  for (const [key, value] of changes) changeField(copy, key, () => value)
  return copy
}

function itemTest(operand: unknown, operator: string, field: string): (item: unknown) => boolean {
  if (!isFields(operand)) return (item) => equalValues(item, operand)
  try {
    return isOperators(operand) ? valueTest(operand) : fieldsTest(operand)
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    throw invalidTransaction(String(error.status.params['message']), { operator, field: field.slice(0, 100) })
  }
}

function valueTest(operators: Fields): (item: unknown) => boolean {
  const conditions = parseField(['item'], operators, new OperandBudget())
  const test = compileFieldConditions(conditions)
  return (item) => test({ item })
}

function fieldsTest(query: Fields): (item: unknown) => boolean {
  const budget = new OperandBudget()
  const conditions = Object.entries(query).flatMap(([key, value]) =>
    parseField(parsePath(key), value, budget),
  )
  const test = compileFieldConditions(conditions)
  return (item) => isFields(item) && test(item)
}

function integer(value: unknown, operator: string, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw wrongOperand(operator, field, 'an integer $position')
  return value
}

function wrongOperand(operator: string, field: string, expected: string): StatusError {
  return invalidTransaction('wrong operand', { operator, field: field.slice(0, 100), expected })
}
