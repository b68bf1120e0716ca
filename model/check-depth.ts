import { invalidTransaction } from './invalid-transaction.ts'
import { isFields, MAX_VALUE_DEPTH } from './json-value.ts'
import { isOperators } from './query/parse-condition.ts'
import type { TxCUD } from './transactions.ts'

/**
 * Rejects an update that nests the document deeper than {@link MAX_VALUE_DEPTH}. The depth of an operand counts from
 * its position in the document. Applies to new transactions only: older logs may contain such updates. The operands
 * must be valid.
 * @throws StatusError `core:status:InvalidTransaction` that names the field
 */
export function checkDepth(tx: TxCUD): void {
  switch (tx._class) {
    case 'core:class:TxCollectionCUD':
      return checkDepth(tx.tx)
    case 'core:class:TxUpdateDoc':
      return checkOperations(tx.operations, 0)
    case 'core:class:TxMixin':
      return checkOperations(tx.attributes, 1)
  }
}

/** Checks a value. `above` is the number of objects and arrays around its position. */
type Check = (value: unknown, field: string, above: number) => void

/** The operators whose operands become part of the document. */
const placed: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['$push', checkPushed],
  ['$move', checkMoved],
  ['$update', checkUpdated],
])

function checkOperations(operations: object, above: number): void {
  for (const [key, operand] of Object.entries(operations)) {
    const check = placed.get(key)
    if (check !== undefined) checkFields(operand, above, check)
    else if (key === '$pushMixin') checkFields(valuesOf(operand), above + 1, checkPushed)
    else if (!key.startsWith('$')) checkPlaced(operand, key, above + lengthOf(key))
  }
}

function checkFields(operand: unknown, above: number, check: Check): void {
  if (!isFields(operand)) return
  for (const [key, value] of Object.entries(operand)) check(value, key, above + lengthOf(key))
}

function checkPushed(operand: unknown, field: string, above: number): void {
  const items = isFields(operand) && isOperators(operand) ? operand['$each'] : [operand]
  checkPlaced(items, field, above)
}

function checkMoved(operand: unknown, field: string, above: number): void {
  if (isFields(operand)) checkPlaced([operand['$value']], field, above)
}

/** The operand becomes part of an item of the array. */
function checkUpdated(operand: unknown, field: string, above: number): void {
  if (!isFields(operand)) return
  checkFields(operand['$update'], above + 1, (value, inner, level) => {
    checkPlaced(value, `${field}.${inner}`, level)
  })
}

function checkPlaced(value: unknown, field: string, above: number): void {
  if (isDeeper(value, MAX_VALUE_DEPTH - above))
    throw invalidTransaction('nested too deeply', { field: field.slice(0, 100) })
}

/** Whether the value has more than this number of levels of objects and arrays. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels <= 0) return true
  const members: unknown[] = Array.isArray(value) ? value : Object.values(value)
  return members.some((member) => isDeeper(member, levels - 1))
}

function valuesOf(operand: unknown): unknown {
  return isFields(operand) ? operand['values'] : undefined
}

function lengthOf(path: string): number {
  return path.split('.').length
}
