import { isFields } from './json-value.ts'
import type { UpdateOperations } from './transactions.ts'

/** The fields of a document that the operations may change: first parts of paths, and mixins. */
export function touchedFields(operations: UpdateOperations): Set<string> {
  const touched = new Set<string>()
  for (const key of Object.keys(operations)) {
    const operand = operations[key]
    if (!key.startsWith('$')) touched.add(headOf(key))
    else if (isFields(operand)) for (const path of pathsIn(key, operand)) touched.add(headOf(path))
  }
  return touched
}

function pathsIn(operator: string, operand: Record<string, unknown>): string[] {
  if (operator !== '$pushMixin') return Object.keys(operand)
  return typeof operand['$mixin'] === 'string' ? [operand['$mixin']] : []
}

function headOf(path: string): string {
  const end = path.indexOf('.')
  return end < 0 ? path : path.slice(0, end)
}
