import { changeField, unsetField } from './field-path.ts'
import { invalidTransaction } from './invalid-transaction.ts'
import { isFields, isReservedKey, jsonFlaw, ownValue, type Fields } from './json-value.ts'
import { arrayChanges } from './array-operators.ts'
import type { WorkMeter } from './query/work-meter.ts'
import type { UpdateOperations } from './transactions.ts'

/**
 * Applies plain fields, then operators in their order, to `fields`, which is a shallow copy that the caller owns.
 * Nested values are not changed in place. `undefined` counts as absent, because JSON drops it.
 * @param meter of a new transaction; without one, as for a log, limits of work do not apply
 */
export function applyOperations(fields: Fields, operations: UpdateOperations, meter?: WorkMeter): void {
  for (const key of Object.keys(operations)) {
    if (!key.startsWith('$')) setField(fields, key, operations[key], meter)
  }
  for (const key of Object.keys(operations)) {
    if (key.startsWith('$')) applyOperator({ fields, operator: key, meter }, operations[key])
  }
}

/** Rejects values that JSON cannot represent and keys that reach prototypes. */
export function checkValue(value: unknown, field: string): void {
  const flaw = jsonFlaw(value)
  if (flaw !== undefined) throw invalidTransaction(flaw, { field: field.slice(0, 100) })
}

interface Target {
  fields: Fields
  operator: string
  meter: WorkMeter | undefined
}

type Apply = (target: Target, operand: Fields) => void

const operators: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ['$push', applyToArrays],
  ['$pull', applyToArrays],
  ['$move', applyToArrays],
  ['$update', applyToArrays],
  ['$inc', applyInc],
  ['$unset', applyUnset],
  ['$pushMixin', applyPushMixin],
])

function applyOperator(target: Target, operand: unknown): void {
  if (operand === undefined) return
  const { operator } = target
  const apply = operators.get(operator)
  if (apply === undefined) throw invalidTransaction('unknown operator', { operator: operator.slice(0, 100) })
  if (!isFields(operand)) throw invalidTransaction('wrong operand', { operator, expected: 'object' })
  apply(target, operand)
}

function setField(fields: Fields, key: string, value: unknown, meter: WorkMeter | undefined): void {
  checkValue(value, key)
  if (value !== undefined) changeField(fields, key, () => value, meter)
}

function applyToArrays({ fields, operator, meter }: Target, operand: Fields): void {
  const prepare = arrayChanges.get(operator)
  for (const key of Object.keys(operand)) {
    const value = operand[key]
    if (value === undefined || prepare === undefined) continue
    checkValue(value, key)
    const change = prepare(value, key, meter)
    const changeArray = (current: unknown) => {
      if (current !== undefined && !Array.isArray(current)) {
        throw invalidTransaction('not an array', { operator, field: key.slice(0, 100) })
      }
      return change(current)
    }
    changeField(fields, key, changeArray, meter)
  }
}

function applyInc({ fields, meter }: Target, operand: Fields): void {
  for (const key of Object.keys(operand)) {
    const step = operand[key]
    if (step === undefined) continue
    const add = (current: unknown) => {
      const sum = typeof step === 'number' && isNumberOrMissing(current) ? (current ?? 0) + step : NaN
      if (!Number.isFinite(sum)) {
        throw invalidTransaction('not a number', { operator: '$inc', field: key.slice(0, 100) })
      }
      return sum
    }
    changeField(fields, key, add, meter)
  }
}

function isNumberOrMissing(value: unknown): value is number | undefined {
  return value === undefined || typeof value === 'number'
}

function applyUnset({ fields, meter }: Target, operand: Fields): void {
  for (const key of Object.keys(operand)) unsetField(fields, key, meter)
}

/** Applies `$push` to the values below the mixin's id. */
function applyPushMixin({ fields, meter }: Target, operand: Fields): void {
  const { $mixin: mixin, values } = operand
  if (typeof mixin !== 'string' || !isFields(values)) {
    throw invalidTransaction('wrong operand', { operator: '$pushMixin', expected: '{$mixin, values}' })
  }
  changeMixin(fields, mixin, (inner) => {
    applyToArrays({ fields: inner, operator: '$push', meter }, values)
  })
}

/** Applies `change` to a copy of the fields below a mixin's id, which may be missing. */
export function changeMixin(fields: Fields, mixin: string, change: (inner: Fields) => void): void {
  const current = ownValue(fields, mixin)
  const wrong = mixin === '' || /[.$]/.test(mixin) || isReservedKey(mixin)
  if (wrong || (current !== undefined && !isFields(current))) {
    throw invalidTransaction('not a mixin', { mixin: mixin.slice(0, 100) })
  }
  const inner: Fields = { ...current }
  change(inner)
  fields[mixin] = inner
}
