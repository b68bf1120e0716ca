import { invalidTransaction } from './invalid-transaction.ts'
import { isFields, isReservedKey, ownValue, type Fields } from './json-value.ts'
import { arrayPosition } from './query/path.ts'
import { stepsOfCopy, type WorkMeter } from './query/work-meter.ts'

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

/** A change at a path. The meter counts what is copied on the way. */
interface Walk {
  path: readonly string[]
  meter: WorkMeter | undefined
}
interface Changing extends Walk {
  change: Change
}

/**
 * Changes the value at a path in `fields`, which the caller owns. Deeper objects are copied along the path. Missing
 * objects are created, unless the change returns `undefined`.
 */
export function changeField(fields: Fields, key: string, change: Change, meter?: WorkMeter): void {
  const walk = { path: fieldPath(key), change, meter }
  const head = keyAt(walk, 0)
  const current = ownValue(fields, head)
  const next = walk.path.length === 1 ? change(current) : changeInside(current, walk, 1)
  if (next !== current) fields[head] = next
}

/** Removes a field. An array item becomes null, as in MongoDB. */
export function unsetField(fields: Fields, key: string, meter?: WorkMeter): void {
  const walk = { path: fieldPath(key), meter }
  const head = keyAt(walk, 0)
  if (walk.path.length === 1) delete fields[head]
  else if (Object.hasOwn(fields, head)) fields[head] = unsetInside(fields[head], walk, 1)
}

function changeInside(container: unknown, walk: Changing, depth: number): unknown {
  const key = keyAt(walk, depth)
  if (Array.isArray(container)) return changeItem(container, walk, depth)
  if (container !== undefined && !isFields(container)) throw notContainer(walk, depth)
  const current = container === undefined ? undefined : ownValue(container, key)
  const next = changeNext(current, walk, depth)
  if (next === current) return container
  walk.meter?.spend(stepsOfCopy(container))
  return { ...container, [key]: next }
}

function changeItem(items: readonly unknown[], walk: Changing, depth: number): unknown {
  const position = arrayPosition(keyAt(walk, depth))
  if (position < 0 || position > items.length + MAX_ARRAY_GAP) throw notContainer(walk, depth)
  const next = changeNext(items[position], walk, depth)
  if (next === items[position]) return items
  walk.meter?.spend(stepsOfCopy(items))
  const copy = [...items]
  while (copy.length < position) copy.push(null)
  copy[position] = next
  return copy
}

function changeNext(current: unknown, walk: Changing, depth: number): unknown {
  return depth === walk.path.length - 1 ? walk.change(current) : changeInside(current, walk, depth + 1)
}

function unsetInside(container: unknown, walk: Walk, depth: number): unknown {
  const key = keyAt(walk, depth)
  if (typeof container !== 'object' || container === null || !Object.hasOwn(container, key)) return container
  walk.meter?.spend(stepsOfCopy(container))
  const last = depth === walk.path.length - 1
  const current = ownValue(container, key)
  if (Array.isArray(container)) return unsetItem(container, walk, depth)
  const copy: Fields = { ...container }
  if (last) delete copy[key]
  else copy[key] = unsetInside(current, walk, depth + 1)
  return copy
}

function unsetItem(items: readonly unknown[], walk: Walk, depth: number): unknown {
  const position = arrayPosition(keyAt(walk, depth))
  if (position < 0) return items
  const next = depth === walk.path.length - 1 ? null : unsetInside(items[position], walk, depth + 1)
  return items.with(position, next)
}

/** The depth is always within the path. */
function keyAt({ path }: Walk, depth: number): string {
  return path[depth] ?? ''
}

function notContainer({ path }: Walk, depth: number): Error {
  return invalidTransaction('the path does not exist in the document', {
    field: path.slice(0, depth + 1).join('.'),
  })
}
