import { invalidTransaction } from './invalid-transaction.ts'
import { isFields, isReservedKey, ownValue, type Fields } from './json-value.ts'
import { arrayPosition } from './query/path.ts'

/** Maximum number of segments in the path of an update. */
export const MAX_PATH_DEPTH = 32
/** Maximum distance between the end of an array and a new item. The gap is filled with null, as in MongoDB. */
export const MAX_ARRAY_GAP = 1000

export type Change = (current: unknown) => unknown

/** Splits a dotted key of an update. */
export function fieldPath(key: string): string[] {
  const path = key.split('.')
  const wrong =
    path.length > MAX_PATH_DEPTH ||
    path.some((part) => part === '' || part.startsWith('$') || isReservedKey(part))
  if (wrong) throw invalidTransaction('not a field', { field: key.slice(0, 100) })
  return path
}

/**
 * Changes the value at a path in `fields`, which the caller owns. Deeper objects are copied along the path. Missing
 * objects are created, unless the change returns `undefined`.
 */
export function changeField(fields: Fields, key: string, change: Change): void {
  const path = fieldPath(key)
  const head = keyAt(path, 0)
  const current = ownValue(fields, head)
  const next = path.length === 1 ? change(current) : changeInside(current, path, 1, change)
  if (next !== current) fields[head] = next
}

/** Removes a field. An array item becomes null, as in MongoDB. */
export function unsetField(fields: Fields, key: string): void {
  const path = fieldPath(key)
  const head = keyAt(path, 0)
  if (path.length === 1) delete fields[head]
  else if (Object.hasOwn(fields, head)) fields[head] = unsetInside(fields[head], path, 1)
}

function changeInside(container: unknown, path: readonly string[], depth: number, change: Change): unknown {
  const key = keyAt(path, depth)
  if (Array.isArray(container)) return changeItem(container, path, depth, change)
  if (container !== undefined && !isFields(container)) throw notContainer(path, depth)
  const current = container === undefined ? undefined : ownValue(container, key)
  const next = changeNext(current, path, depth, change)
  return next === current ? container : { ...container, [key]: next }
}

function changeItem(
  items: readonly unknown[],
  path: readonly string[],
  depth: number,
  change: Change,
): unknown {
  const position = arrayPosition(keyAt(path, depth))
  if (position < 0 || position > items.length + MAX_ARRAY_GAP) throw notContainer(path, depth)
  const next = changeNext(items[position], path, depth, change)
  if (next === items[position]) return items
  const copy = [...items]
  while (copy.length < position) copy.push(null)
  copy[position] = next
  return copy
}

function changeNext(current: unknown, path: readonly string[], depth: number, change: Change): unknown {
  return depth === path.length - 1 ? change(current) : changeInside(current, path, depth + 1, change)
}

function unsetInside(container: unknown, path: readonly string[], depth: number): unknown {
  const key = keyAt(path, depth)
  if (typeof container !== 'object' || container === null || !Object.hasOwn(container, key)) return container
  const last = depth === path.length - 1
  const current = ownValue(container, key)
  if (Array.isArray(container)) return unsetItem(container, path, depth)
  const copy: Fields = { ...container }
  if (last) delete copy[key]
  else copy[key] = unsetInside(current, path, depth + 1)
  return copy
}

function unsetItem(items: readonly unknown[], path: readonly string[], depth: number): unknown {
  const position = arrayPosition(keyAt(path, depth))
  if (position < 0) return items
  const next = depth === path.length - 1 ? null : unsetInside(items[position], path, depth + 1)
  return items.with(position, next)
}

/** The depth is always within the path. */
function keyAt(path: readonly string[], depth: number): string {
  return path[depth] ?? ''
}

function notContainer(path: readonly string[], depth: number): Error {
  return invalidTransaction('the path does not exist in the document', {
    field: path.slice(0, depth + 1).join('.'),
  })
}
