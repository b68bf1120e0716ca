import { isFields } from './json-value.ts'
import type { UpdateOperations } from './transactions.ts'

/** The fields of a document that the operations may change: first parts of paths, and mixins. */
export function touchedFields(operations: UpdateOperations): Set<string> {
  return new Set(touchedPaths(operations).map(headOf))
}

/** The paths that the operations may change, in the document. */
export function touchedPaths(operations: UpdateOperations): string[] {
  return Object.keys(operations).flatMap((key) => {
    const operand = operations[key]
    if (!key.startsWith('$')) return operand === undefined ? [] : [key]
    return isFields(operand) ? pathsIn(key, operand) : []
  })
}

function pathsIn(operator: string, operand: Record<string, unknown>): string[] {
  if (operator !== '$pushMixin') return Object.keys(operand)
  const { $mixin: mixin, values } = operand
  if (typeof mixin !== 'string') return []
  const names = isFields(values) ? Object.keys(values) : []
  // The mixin is there then, even without values.
  return names.length > 0 ? names.map((name) => `${mixin}.${name}`) : [mixin]
}

function headOf(path: string): string {
  const end = path.indexOf('.')
  return end < 0 ? path : path.slice(0, end)
}
