import { changeField } from './field-path.ts'
import { invalidTransaction } from './invalid-transaction.ts'
import { isFields, type Fields } from './json-value.ts'
import { equalValues } from './query/compare.ts'
import { OperandBudget, isOperators, parseField, parsePath, testsOf } from './query/parse-condition.ts'
import { compileFieldConditions } from './query/predicate.ts'
import { stepsOfComparison, stepsOfCopy, type WorkMeter } from './query/work-meter.ts'
import { StatusError } from './status.ts'

type Items = readonly unknown[]
/** Returns the new array, or `undefined` to leave a missing one missing. */
export type ArrayChange = (items: Items | undefined) => Items | undefined

/** The meter is that of a new transaction. In a log there is none, and older patterns are accepted. */
type Prepare = (operand: unknown, field: string, meter: WorkMeter | undefined) => ArrayChange

/** The update operators on arrays. Each checks its operand first. */
export const arrayChanges: ReadonlyMap<string, Prepare> = new Map([
  ['$push', push],
  ['$pull', pull],
  ['$move', move],
  ['$update', update],
])

function push(operand: unknown, field: string, meter: WorkMeter | undefined): ArrayChange {
  if (!isFields(operand) || !isOperators(operand)) return inserting([operand], undefined, meter)
  const { $each, $position, ...others } = operand
  if (!Array.isArray($each) || Object.keys(others).length > 0)
    throw wrongOperand('$push', field, '{$each, $position}')
  const position = $position === undefined ? undefined : integer($position, '$push', field)
  return inserting($each, position, meter)
}

function inserting(each: Items, position: number | undefined, meter: WorkMeter | undefined): ArrayChange {
  return (items = []) => {
    meter?.spend(stepsOfCopy(items) + stepsOfCopy(each))
    if (position === undefined) return [...items, ...each]
    return [...items.slice(0, position), ...each, ...items.slice(position)]
  }
}

/** Removes equal items, items that meet operators, or objects that meet a query. */
function pull(operand: unknown, field: string, meter: WorkMeter | undefined): ArrayChange {
  const drops = itemTest(operand, { operator: '$pull', field, meter })
  const tests = testsOfItem(operand)
  return (items) => {
    meter?.spend(tests * (items?.length ?? 0))
    const kept = items?.filter((item) => !drops(item))
    return kept?.length === items?.length ? items : kept
  }
}

/** Removes the value and inserts it at a position among the remaining items. */
function move(operand: unknown, field: string, meter: WorkMeter | undefined): ArrayChange {
  if (!isFields(operand) || operand['$value'] === undefined)
    throw wrongOperand('$move', field, '{$value, $position}')
  const { $value: value } = operand
  const position = integer(operand['$position'], '$move', field)
  const steps = stepsOfComparison(value)
  return (items = []) => {
    meter?.spend(items.length * steps)
    return items.filter((item) => !equalValues(item, value)).toSpliced(position, 0, value)
  }
}

/** Sets fields of the objects in the array that meet the query. */
function update(operand: unknown, field: string, meter: WorkMeter | undefined): ArrayChange {
  if (!isFields(operand) || !isFields(operand['$query']) || !isFields(operand['$update'])) {
    throw wrongOperand('$update', field, '{$query, $update}')
  }
  const matches = itemTest(operand['$query'], { operator: '$update', field, meter })
  const changes = Object.entries(operand['$update']).filter(([, value]) => value !== undefined)
  const tests = testsOfItem({ ...operand['$query'], ...operand['$update'] })
  return (items) => {
    meter?.spend(tests * (items?.length ?? 0))
    return items?.map((item) => (isFields(item) && matches(item) ? withFields(item, changes, meter) : item))
  }
}

/** The tests that a condition of the operand takes with each item. */
function testsOfItem(operand: unknown): number {
  if (!isFields(operand)) return stepsOfComparison(operand)
  if (isOperators(operand)) return testsOf(operand)
  return Object.values(operand).reduce<number>((sum, value) => sum + testsOf(value), 1)
}

function withFields(item: Fields, changes: readonly [string, unknown][], meter?: WorkMeter): Fields {
  meter?.spend(stepsOfCopy(item))
  const copy = { ...item }
  for (const [key, value] of changes) changeField(copy, key, () => value, meter)
  return copy
}

interface Tested {
  operator: string
  field: string
  meter: WorkMeter | undefined
}

function itemTest(operand: unknown, { operator, field, meter }: Tested): (item: unknown) => boolean {
  if (!isFields(operand)) return (item) => equalValues(item, operand)
  try {
    return isOperators(operand) ? valueTest(operand, meter) : fieldsTest(operand, meter)
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    const { message, limit } = error.status.params
    const params = { operator, field: field.slice(0, 100), ...(limit === undefined ? {} : { limit }) }
    throw invalidTransaction(String(message), params)
  }
}

function valueTest(operators: Fields, meter: WorkMeter | undefined): (item: unknown) => boolean {
  const budget = new OperandBudget({ isReplay: meter === undefined })
  const conditions = parseField(['item'], operators, budget)
  const test = compileFieldConditions(conditions, meter)
  return (item) => test({ item })
}

function fieldsTest(query: Fields, meter: WorkMeter | undefined): (item: unknown) => boolean {
  const budget = new OperandBudget({ isReplay: meter === undefined })
  const conditions = Object.entries(query).flatMap(([key, value]) =>
    parseField(parsePath(key), value, budget),
  )
  const test = compileFieldConditions(conditions, meter)
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
