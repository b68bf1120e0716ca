import { isFields } from './json-value.ts'
import { pushAll } from './push-all.ts'
import type { UpdateOperations } from './transactions.ts'

/** The fields of a document that the operations may change: first parts of paths, and mixins. */
export function touchedFields(operations: UpdateOperations): Set<string> {
  const fields = new Set<string>()
  for (const path of touchedPaths(operations)) fields.add(headOf(path))
  return fields
}

/** The paths that the operations may change, in the document. */
export function touchedPaths(operations: UpdateOperations): string[] {
  const paths: string[] = []
  for (const key of Object.keys(operations)) {
    const operand = operations[key]
    if (key.startsWith('$')) {
      if (isFields(operand)) pushAll(paths, pathsIn(key, operand))
    } else if (operand !== undefined) paths.push(key)
  }
  return paths
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
