import { changeField, unsetField } from './field-path.ts'
import { invalidTransaction } from './invalid-transaction.ts'
import { isFields, isReservedKey, jsonFlaw, ownValue, type Fields } from './json-value.ts'
import { arrayChanges } from './array-operators.ts'
import type { UpdateOperations } from './transactions.ts'

/**
 * Applies plain fields, then operators in their order, to `fields`, which is a shallow copy that the caller owns.
 * Nested values are not changed in place. `undefined` counts as absent, because JSON drops it.
 */
export function applyOperations(fields: Fields, operations: UpdateOperations): void {
  for (const key of Object.keys(operations)) {
    if (!key.startsWith('$')) setField(fields, key, operations[key])
  }
  for (const key of Object.keys(operations)) {
    if (key.startsWith('$')) applyOperator(fields, key, operations[key])
  }
}

/** Rejects values that JSON cannot represent and keys that reach prototypes. */
export function checkValue(value: unknown, field: string): void {
  const flaw = jsonFlaw(value)
  if (flaw !== undefined) throw invalidTransaction(flaw, { field: field.slice(0, 100) })
}

type Apply = (fields: Fields, operand: Fields, operator: string) => void

const operators: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ['$push', applyToArrays],
  ['$pull', applyToArrays],
  ['$move', applyToArrays],
  ['$update', applyToArrays],
  ['$inc', applyInc],
  ['$unset', applyUnset],
  ['$pushMixin', applyPushMixin],
])

function applyOperator(fields: Fields, operator: string, operand: unknown): void {
  if (operand === undefined) return
  const apply = operators.get(operator)
  if (apply === undefined) throw invalidTransaction('unknown operator', { operator: operator.slice(0, 100) })
  if (!isFields(operand)) throw invalidTransaction('wrong operand', { operator, expected: 'object' })
  apply(fields, operand, operator)
}

function setField(fields: Fields, key: string, value: unknown): void {
  checkValue(value, key)
  if (value !== undefined) changeField(fields, key, () => value)
}

function applyToArrays(fields: Fields, operand: Fields, operator: string): void {
  const prepare = arrayChanges.get(operator)
  for (const key of Object.keys(operand)) {
    const value = operand[key]
    if (value === undefined || prepare === undefined) continue
    checkValue(value, key)
    const change = prepare(value, key)
    changeField(fields, key, (current) => {
      if (current !== undefined && !Array.isArray(current)) {
        throw invalidTransaction('not an array', { operator, field: key.slice(0, 100) })
      }
      return change(current)
    })
  }
}

function applyInc(fields: Fields, operand: Fields): void {
  for (const key of Object.keys(operand)) {
    const step = operand[key]
    if (step === undefined) continue
    changeField(fields, key, (current) => {
      const sum = typeof step === 'number' && isNumberOrMissing(current) ? (current ?? 0) + step : NaN
      if (!Number.isFinite(sum)) {
        throw invalidTransaction('not a number', { operator: '$inc', field: key.slice(0, 100) })
      }
      return sum
    })
  }
}

function isNumberOrMissing(value: unknown): value is number | undefined {
  return value === undefined || typeof value === 'number'
}

function applyUnset(fields: Fields, operand: Fields): void {
  for (const key of Object.keys(operand)) unsetField(fields, key)
}

/** Applies `$push` to the values below the mixin's id. */
function applyPushMixin(fields: Fields, operand: Fields): void {
  const { $mixin: mixin, values } = operand
  if (typeof mixin !== 'string' || !isFields(values)) {
    throw invalidTransaction('wrong operand', { operator: '$pushMixin', expected: '{$mixin, values}' })
  }
  changeMixin(fields, mixin, (inner) => applyToArrays(inner, values, '$push'))
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
