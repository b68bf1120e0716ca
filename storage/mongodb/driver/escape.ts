import type { Path } from '../../../model/query/plan.ts'

/**
 * Names that a server or the driver would misinterpret or could not read back: with dots, quotes, backslashes,
 * control characters or lone surrogates, with a leading `$`, empty, `__proto__`, or `_bsontype`, by which the driver
 * recognizes its own types. `%` is the escape character.
 */
const awkward = /[%."\\\p{Cs}\p{Cc}]|^\$|^$|^__proto__$|^_bsontype$/u
const escaped = /[%."\\\p{Cs}\p{Cc}]|^[$_]/gu

/** The stored name of a field. It never starts like the fields of the storage itself. */
export function escapeName(name: string): string {
  if (!awkward.test(name)) return name
  if (name === '') return '%'
  return name.replace(escaped, (character) => {
    const code = character.charCodeAt(0)
    return code < 256 ? `%${hex(code, 2)}` : `%u${hex(code, 4)}`
  })
}

function unescapeName(name: string): string {
  if (name === '%') return ''
  return name.replace(/%(?:u([0-9A-F]{4})|([0-9A-F]{2}))/g, (_, long?: string, short?: string) =>
    String.fromCharCode(parseInt(long ?? short ?? '', 16)),
  )
}

function hex(code: number, digits: number): string {
  return code.toString(16).toUpperCase().padStart(digits, '0')
}

/** `undefined` if a key could be an array index: servers treat those differently. */
export function fieldPath(path: Path): string | undefined {
  if (path.length === 0 || path.some((key) => /^\d+$/.test(key))) return undefined
  return path.map(escapeName).join('.')
}

/** Findings while a value was escaped. */
export interface Found {
  /** A name was escaped. */
  escaped: boolean
  /** Depth of nested objects and arrays. */
  depth: number
}

/** A value as JSON would store it, with escaped names. */
export function escapeValue(value: unknown, found: Found, depth = 1): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null
  if (typeof value !== 'object' || value === null) return value
  if (depth > found.depth) found.depth = depth
  if (Array.isArray(value)) return value.map((item) => escapeValue(item ?? null, found, depth + 1))
  return escapeFields(value, found, depth)
}

/** The fields of an object, escaped like a value. */
export function escapeFields(value: object, found: Found, depth = 1): Record<string, unknown> {
  if (depth > found.depth) found.depth = depth
  const fields: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue
    const name = escapeName(key)
    if (name !== key) found.escaped = true
    fields[name] = escapeValue(item, found, depth + 1)
  }
  return fields
}

export function unescapeValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(unescapeValue)
  // `fromEntries` defines properties: an assignment to `__proto__` would set the prototype.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [unescapeName(key), unescapeValue(item)]),
  )
}
