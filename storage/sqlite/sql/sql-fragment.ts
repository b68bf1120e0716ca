import { pushAll } from '../../../model/push-all.ts'
/** A bound value that SQLite stores without conversion. */
export type SqlValue = string | number | bigint | Uint8Array | null

/** SQL with its bound values in the order of the question marks. */
export interface SqlFragment {
  readonly sql: string
  readonly params: readonly SqlValue[]
}

export function fragment(sql: string, ...params: SqlValue[]): SqlFragment {
  return { sql, params }
}

/**
 * True for every row of this alias. Calls the connection's checkpoint for each 64th one, which costs a scan less than a
 * tenth. SQLite has no other way to stop a statement: the driver exposes neither `sqlite3_interrupt` nor a progress
 * handler, and the end of a thread waits for native code.
 */
export function checked(alias: string): SqlFragment {
  return fragment(`(${alias}.rowid & 63 OR checkpoint())`)
}

export const always = fragment('1')
export const never = fragment('0')

/** Replaces the `{}` of the template with the parts, in order. */
export function template(text: string, ...parts: (SqlFragment | string)[]): SqlFragment {
  const pieces = text.split('{}')
  let sql = pieces[0] ?? ''
  const params: SqlValue[] = []
  parts.forEach((part, index) => {
    sql += (typeof part === 'string' ? part : part.sql) + (pieces[index + 1] ?? '')
    if (typeof part !== 'string') pushAll(params, part.params)
  })
  return { sql, params }
}

export function and(parts: readonly SqlFragment[]): SqlFragment {
  return joined(
    parts.filter((part) => part !== always),
    ' AND ',
    always,
  )
}

export function or(parts: readonly SqlFragment[]): SqlFragment {
  return joined(
    parts.filter((part) => part !== never),
    ' OR ',
    never,
  )
}

export function not(part: SqlFragment): SqlFragment {
  return template('({}) IS NOT TRUE', part)
}

/** A balanced tree, because SQLite limits the depth of an expression to 1000. */
function joined(parts: readonly SqlFragment[], operator: string, empty: SqlFragment): SqlFragment {
  const [first] = parts
  if (first === undefined) return empty
  if (parts.length === 1) return first
  if (parts.length <= 16) {
    return {
      sql: parts.map((part) => `(${part.sql})`).join(operator),
      params: parts.flatMap((part) => part.params),
    }
  }
  const half = parts.length >> 1
  return joined(
    [joined(parts.slice(0, half), operator, empty), joined(parts.slice(half), operator, empty)],
    operator,
    empty,
  )
}

/** `IN` with a few values lists them. Many values are bound as one JSON text, so that the statement stays the same. */
export function oneOf(expression: string, values: readonly (string | number)[]): SqlFragment {
  const [only] = values
  if (only === undefined) return never
  if (values.length === 1) return fragment(`${expression} = ?`, only)
  if (values.length <= 8) return fragment(`${expression} IN (${values.map(() => '?').join(',')})`, ...values)
  return fragment(`${expression} IN (SELECT value FROM json_each(?))`, JSON.stringify(values))
}

const highestLimit = 2 ** 31 - 1

/** A literal: SQLite prepares a statement again each time its limit is bound. */
export function limitTo(count: number): string {
  return ` LIMIT ${Math.min(Math.max(0, Math.trunc(count) || 0), highestLimit)}`
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
