import type { Path, Value } from '../../../model/query/plan.ts'
import type { SqlValue } from './sql-fragment.ts'
import { quoteName } from './sql-fragment.ts'

const deepestNativePath = 8

/**
 * SQL expressions for one field of a row. A hot column holds a string, a number or NULL. Any other field is read from
 * the JSON text by `key`, whose order across types is that of MongoDB: NULL (null or missing), numbers, text,
 * booleans as blobs. Arrays and objects have only a marker, see {@link PathSql.awkward}.
 */
export interface PathSql {
  /** The field has a hot column. */
  column: boolean
  /** The path is declared: `key` is a column. */
  keyed: boolean
  /** Exact for scalars. The text must be the same in an index and in a query for the index to be used. */
  key: string
  /** The JSON type; NULL if missing. */
  type: string
  /** The JSON value. */
  json: string
  /** The JSON as a table, by `json_each`. */
  each: string
  /** True if there is an array before the last name of the path. */
  behindArray: string | undefined
  /** True if `key` is not exact: there is an array along the path, or an array or object at its end. */
  awkward: string
}

/** SQL for a path; `undefined` if SQLite's JSON paths cannot contain a name. `qualifier` ends with a dot. */
export function pathSql(
  path: Path,
  columns: ReadonlySet<string>,
  qualifier: string,
  keyColumn?: string,
): PathSql | undefined {
  const [first] = path
  if (first === undefined || path.length > deepestNativePath || !path.every(isPlainName)) return undefined
  const data = `${qualifier}data`
  const at = jsonPath(path)
  const type = `json_type(${data},${at})`
  const json = `json_extract(${data},${at})`
  const column = path.length === 1 && columns.has(first)
  const behindArray = prefixesOf(path)
    .map((prefix) => `json_type(${data},${jsonPath(prefix)})='array'`)
    .join(' OR ')
  const last = `${type} IN ('array','object')`
  if (keyColumn !== undefined && !column) {
    const read = { type, json, each: `json_each(${data},${at})` }
    const keyed = keyedPathSql(qualifier + quoteName(keyColumn), read)
    return behindArray === '' ? { ...keyed, behindArray: undefined } : keyed
  }
  return {
    column,
    keyed: false,
    key: column ? qualifier + quoteName(first) : keyOf(type, json),
    type,
    json,
    each: `json_each(${data},${at})`,
    behindArray: behindArray === '' ? undefined : behindArray,
    awkward: behindArray === '' ? last : `${behindArray} OR ${last}`,
  }
}

/** The path has a key column, whose value shows whether it is exact. */
function keyedPathSql(key: string, json: Pick<PathSql, 'type' | 'json' | 'each'>): PathSql {
  return {
    ...json,
    column: false,
    keyed: true,
    key,
    behindArray: `${key} = x'05'`,
    awkward: `${key} >= x'03'`,
  }
}

/** The key of a value, from its JSON type and its value. */
export function keyOf(type: string, json: string): string {
  return (
    `CASE ${type} WHEN 'text' THEN ${json} WHEN 'integer' THEN ${json}+0.0 WHEN 'real' THEN ${json}` +
    ` WHEN 'true' THEN x'02' WHEN 'false' THEN x'01' WHEN 'object' THEN x'03' WHEN 'array' THEN x'04' END`
  )
}

export type Scalar = string | number | boolean

/** The value in the form of `key`. */
export function bindable(value: Scalar): SqlValue {
  if (typeof value === 'boolean') return Uint8Array.of(value ? 2 : 1)
  return value
}

/** Scalars that SQLite stores exactly. A lone surrogate has no UTF-8, and NaN becomes NULL. */
export function isExact(value: Value | undefined): value is Scalar {
  if (typeof value === 'string') return !/\p{Surrogate}/u.test(value)
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
}

/** SQLite compares a quoted name with the raw JSON text, in which these characters are escaped. */
function isPlainName(name: string): boolean {
  // eslint-disable-next-line no-control-regex
  return name !== '' && !/["\\\u0000-\u001f]|\p{Surrogate}/u.test(name)
}

function jsonPath(path: Path): string {
  const text = path.map((name) => `."${name}"`).join('')
  return `'$${text.replaceAll("'", "''")}'`
}

function prefixesOf(path: Path): Path[] {
  return path.slice(1).map((_, index) => path.slice(0, index + 1))
}

/** A path as one string, for comparison. */
export function pathName(path: Path): string {
  return path.length === 1 ? `.${path[0] ?? ''}` : JSON.stringify(path)
}
