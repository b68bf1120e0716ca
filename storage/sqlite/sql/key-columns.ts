import { createHash } from 'node:crypto'
import type { Doc, Domain } from '../../../model/documents.ts'
import { domains } from '../../../model/identifiers.ts'
import { fieldsOf } from '../../../model/json-value.ts'
import type { Path } from '../../../model/query/plan.ts'
import type { DomainSchema } from '../../contract.ts'
import { isExact, pathSql } from './compile-path.ts'
import type { SqlValue } from './sql-fragment.ts'
import { documentColumns } from './row.ts'
import { pathName } from './compile-path.ts'

/**
 * The column of a declared path. It is filled when a document is written. An index on the JSON expression would
 * evaluate it again for every index and every write.
 */
export interface KeyColumn {
  name: string
  path: Path
}

/** The key columns of a domain, and an id of this layout. */
export interface KeyLayout {
  columns: readonly KeyColumn[]
  id: string
}

/** Blobs, which are the keys of non-scalars and booleans. From `object` on they do not contain the value. */
const codes = { false: 1, true: 2, object: 3, array: 4, inexpressible: 5 } as const

const hotColumns: ReadonlySet<string> = new Set(documentColumns)
const noColumns: ReadonlySet<string> = new Set()

export function keyLayout(domain: Domain, schema: DomainSchema | undefined): KeyLayout {
  const paths = domain === domains.tx ? [] : (schema?.indexes ?? []).flatMap(({ keys }) => keys)
  const byName = new Map(paths.filter(isKeyed).map(({ path }) => [columnOf(path), path]))
  const columns = [...byName].map(([name, path]) => ({ name, path }))
  return { columns, id: columns.length === 0 ? '' : digest(columns.map(({ name }) => name)) }
}

function isKeyed({ path: [first = '', ...rest] }: { path: Path }): boolean {
  const isHot = rest.length === 0 && hotColumns.has(first)
  return !isHot && pathSql([first, ...rest], noColumns, '') !== undefined
}

function columnOf(path: Path): string {
  return `k_${digest(pathName(path))}`
}

export function keyValues(doc: Doc, { columns }: KeyLayout): SqlValue[] {
  return columns.map(({ path }) => keyAt(doc, path))
}

/** Equal to the SQL of `keyFromJson` over the document's JSON text. */
function keyAt(doc: Doc, path: Path): SqlValue {
  let value: unknown = doc
  for (const name of path) {
    if (Array.isArray(value)) return coded('inexpressible')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null
    value = fieldsOf(value)[name]
  }
  return keyOfValue(value)
}

function keyOfValue(value: unknown): SqlValue {
  switch (typeof value) {
    case 'string':
      return isExact(value) ? value : coded('inexpressible')
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'boolean':
      return coded(value ? 'true' : 'false')
    case 'object':
      return value === null ? null : coded(Array.isArray(value) ? 'array' : 'object')
    default:
      return null
  }
}

function coded(code: keyof typeof codes): Uint8Array {
  return Uint8Array.of(codes[code])
}

/** For rows older than the column. */
export function keyFromJson(path: Path): string {
  const expression = pathSql(path, noColumns, '')
  if (expression === undefined) return 'NULL'
  const { key, behindArray } = expression
  return behindArray === undefined ? key : `CASE WHEN ${behindArray} THEN x'05' ELSE ${key} END`
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}
