import { isFields } from './json-value.ts'
import { pushAll } from './push-all.ts'
import type { UpdateOperations } from './transactions.ts'

/** The top-level fields and mixins of a document that the operations may change. */
export function touchedFields(operations: UpdateOperations): Set<string> {
  const fields = new Set<string>()
  for (const path of touchedPaths(operations)) fields.add(headOf(path))
  return fields
}

/** Paths in a document. */
export interface UpdatedPaths {
  /** The paths that the operations may change. */
  touched: readonly string[]
  /** The paths without those that are only removed. */
  set: readonly string[]
}

export function updatedPaths(operations: UpdateOperations): UpdatedPaths {
  const touched = touchedPaths(operations)
  if (!('$unset' in operations)) return { touched, set: touched }
  const { $unset: _, ...others } = operations
  return { touched, set: touchedPaths(others) }
}

function touchedPaths(operations: UpdateOperations): string[] {
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
  // The mixin exists afterwards, even without values.
  return names.length > 0 ? names.map((name) => `${mixin}.${name}`) : [mixin]
}

/** The first segment of a path. */
export function headOf(path: string): string {
  const end = path.indexOf('.')
  return end < 0 ? path : path.slice(0, end)
}
