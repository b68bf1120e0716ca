import { createHash } from 'node:crypto'
import type { Domain } from '../../../model/documents.ts'
import { core, domains } from '../../../model/identifiers.ts'
import type { Path } from '../../../model/query/plan.ts'
import type { DomainSchema, IndexSchema } from '../../contract.ts'
import { pathSql } from '../sql/compile-path.ts'
import { fragment, quoteName } from '../sql/sql-fragment.ts'
import { type KeyLayout, keyLayout } from '../sql/key-columns.ts'
import { documentColumns, transactionColumns } from '../sql/row.ts'
import { pathName } from '../sql/compile-path.ts'
import type { TableIndex, TableSql } from '../sql/sql-scope.ts'

/** Part of index names: indexes of another layout are recreated. */
const layoutVersion = 2

const noKeys: KeyLayout = { columns: [], id: '' }
const documentColumnSet: ReadonlySet<string> = new Set(documentColumns)
const transactionColumnSet: ReadonlySet<string> = new Set(transactionColumns)

/** SQLite ignores the case of names, but domains are case-sensitive. */
export function tableName(domain: Domain): string {
  if (domain === domains.tx) return 'tx'
  const encoded = Array.from(Buffer.from(domain, 'utf8'), (byte) => {
    const character = String.fromCharCode(byte)
    return /[a-z0-9-]/.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`
  })
  return `d_${encoded.join('')}`
}

/** The inverse of {@link tableName}. */
export function domainOfTable(name: string): Domain {
  const bytes = name.slice(2).replace(/_([0-9a-f]{2})/g, '%$1')
  return decodeURIComponent(bytes)
}

export function tableSql(domain: Domain, schema: DomainSchema | undefined, missing: boolean): TableSql {
  const declared = declaredIndexes(domain, schema)
  const layout = keyLayout(domain, schema)
  const table = {
    layout,
    ...statements(domain, layout),
    keyColumns: columnNames(layout),
    domain,
    name: quoteName(tableName(domain)),
    searched: new Set((schema?.fullText ?? []).map((path) => JSON.stringify(path))),
    indexes: [...defaultIndexes(domain), ...declared],
    indexed: new Set(declared.flatMap((index) => index.keys.map((key) => key.name))),
    expressions: new Map(),
    missing,
  }
  if (domain !== domains.tx) return { ...table, columns: documentColumnSet }
  const visible = (alias: string) => fragment(`${alias}.space IS NOT '${core.space.DerivedTx}'`)
  return { ...table, columns: transactionColumnSet, visible }
}

function statements(domain: Domain, layout: KeyLayout) {
  const name = quoteName(tableName(domain))
  const keys = layout.columns.map((column) => column.name)
  const rowColumns = [...documentColumns, 'data', ...keys]
  return {
    rowColumns,
    insert: `INSERT INTO ${name} (${rowColumns.join(', ')}) VALUES (${rowColumns.map(() => '?').join(', ')})`,
    current: `SELECT ${[...documentColumns, 'NULL', ...keys].join(', ')} FROM ${name} WHERE _id = ?`,
  }
}

function columnNames({ columns }: KeyLayout): ReadonlyMap<string, string> {
  return new Map(columns.map(({ path, name }) => [pathName(path), name]))
}

export function createDocumentTable(domain: Domain, { columns }: KeyLayout): string {
  const name = tableName(domain)
  const table = quoteName(name)
  // Columns have no type: affinity would convert between the text '1' and the number 1.
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (_id NOT NULL PRIMARY KEY, ${documentColumns.slice(1).join(', ')}, data NOT NULL${columns.map(({ name }) => `, ${name}`).join('')})`,
    ...defaultIndexes(domain).map((index) => createIndex(domain, index, noKeys)),
    `CREATE INDEX IF NOT EXISTS ${quoteName(`at_${name}`)} ON ${table} (attachedTo, _class, _id) WHERE attachedTo IS NOT NULL`,
  ].join(';\n')
}

/** Indexes for pages by `_id`: of one class, and of several classes in a space. */
function defaultIndexes(domain: Domain): TableIndex[] {
  if (domain === domains.tx) return []
  const name = tableName(domain)
  return [
    { name: `cl_${name}`, declared: false, keys: ascending('_class', 'space', '_id') },
    { name: `sp_${name}`, declared: false, keys: ascending('space', '_id', '_class') },
  ]
}

function ascending(...names: string[]): TableIndex['keys'] {
  return names.map((name) => ({ path: [name], name: pathName([name]), order: 1 }))
}

/**
 * The declared keys, then `_id`, so that a page sorted by them needs no sorting, then `_class`, so that documents of
 * other classes are skipped without being read.
 */
export function declaredIndexes(domain: Domain, schema: DomainSchema | undefined): TableIndex[] {
  return (schema?.indexes ?? []).filter(isExpressible).map((index) => {
    const declared = index.keys.map((key) => ({ ...key, name: pathName(key.path) }))
    const keys = [...declared, ...ascending('_id', '_class').filter((key) => !hasPath(index, key.path))]
    return { name: `ix_${tableName(domain)}_${digest([layoutVersion, index.keys])}`, declared: true, keys }
  })
}

function isExpressible(index: IndexSchema): boolean {
  return (
    index.keys.length > 0 && index.keys.every((key) => pathSql(key.path, documentColumnSet, '') !== undefined)
  )
}

function hasPath(index: IndexSchema, path: Path): boolean {
  return index.keys.some((key) => key.path.length === 1 && key.path[0] === path[0])
}

export function createIndex(domain: Domain, index: TableIndex, layout: KeyLayout): string {
  const names = columnNames(layout)
  const keys = index.keys.map(
    (key) => `${keyExpression(domain, key.path, names)}${key.order === 1 ? '' : ' DESC'}`,
  )
  return `CREATE INDEX IF NOT EXISTS ${quoteName(index.name)} ON ${quoteName(tableName(domain))} (${keys.join(', ')})`
}

function keyExpression(domain: Domain, path: Path, names: ReadonlyMap<string, string>): string {
  return pathSql(path, columnsOf(domain), '', names.get(pathName(path)))?.key ?? 'NULL'
}

function columnsOf(domain: Domain): ReadonlySet<string> {
  return domain === domains.tx ? transactionColumnSet : documentColumnSet
}

/** For each declared path, a partial index of the rows with a non-scalar value. Usually empty; see `Catalog`. */
export function awkwardIndexes(
  domain: Domain,
  schema: DomainSchema | undefined,
): { name: string; sql: string }[] {
  const name = tableName(domain)
  const paths = declaredIndexes(domain, schema).flatMap((index) => index.keys.map((key) => key.path))
  const names = columnNames(keyLayout(domain, schema))
  const expressions = paths.map((path) => pathSql(path, columnsOf(domain), '', names.get(pathName(path))))
  return expressions.flatMap((expression) => {
    if (expression === undefined || expression.column) return []
    const index = `aw_${name}_${digest([layoutVersion, expression.awkward])}`
    // The compared column: SQLite would rather scan a wider index than use one without it.
    const column = expression.keyed ? expression.key : '_id'
    const sql = `CREATE INDEX IF NOT EXISTS ${quoteName(index)} ON ${quoteName(name)} (${column}) WHERE ${expression.awkward}`
    return [{ name: index, sql }]
  })
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}
