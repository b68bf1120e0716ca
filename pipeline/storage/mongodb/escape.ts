import type { Path } from '../../../model/query/plan.ts'

/**
 * Names that MongoDB or its driver would take for something else: with dots, or `$` before, empty ones, with NUL,
 * `__proto__`, and `_bsontype`, by which the driver tells its own types. `%` is what escapes them.
 */
const awkward = /[%.\0]|^\$|^$|^__proto__$|^_bsontype$/

/** The name as it is stored. No stored name of a document's begins as those of the storage itself do. */
export function escapeName(name: string): string {
  if (!awkward.test(name)) return name
  if (name === '') return '%'
  return name.replace(/[%.\0]|^[$_]/g, (character) => `%${hex(character)}`)
}

function unescapeName(name: string): string {
  if (name === '%') return ''
  return name.replace(/%([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')
}

/** `undefined` where a key may be a position in an array: servers differ in what they make of it. */
export function fieldPath(path: Path): string | undefined {
  if (path.length === 0 || path.some((key) => /^\d+$/.test(key))) return undefined
  return path.map(escapeName).join('.')
}

/** A value as JSON would keep it, with names escaped; tells by `found` whether there was any to escape. */
export function escapeValue(value: unknown, found: { escaped: boolean }): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => escapeValue(item ?? null, found))
  const fields: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue
    const name = escapeName(key)
    if (name !== key) found.escaped = true
    fields[name] = escapeValue(item, found)
  }
  return fields
}

export function unescapeValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(unescapeValue)
  // Defined, not assigned: `__proto__` is a field as any other.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [unescapeName(key), unescapeValue(item)]),
  )
}
