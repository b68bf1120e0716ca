import type { Doc, Domain } from '../../../model/documents.ts'
import { core, domains } from '../../../model/identifiers.ts'
import type { DocumentInfo } from '../../contract.ts'
import { type JsonText, parseJson } from '../../shared/json-text.ts'
import { InfoPage } from '../../shared/document-info.ts'
import { fragment, oneOf, quoteName, type SqlValue } from '../sql/sql-fragment.ts'
import { newEpoch } from './database.ts'
import { nextSequence } from './log.ts'
import { type KeyLayout, keyValues } from '../sql/key-columns.ts'
import { dataOf, documentRow, type Row, transactionColumns } from '../sql/row.ts'
import { ensureTable } from './schema.ts'
import { indexDocuments } from './search-index.ts'
import type { TableSql } from '../sql/sql-scope.ts'
import { tableName } from './tables.ts'
import type { WorkspaceFile } from './workspace-file.ts'

const hidden = `space IS NOT '${core.space.DerivedTx}'`
const clauseOf = (domain: Domain) => (domain === domains.tx ? ` AND ${hidden}` : '')

export interface Put {
  domain: Domain
  row: Row
  /** The layout of the key columns in the row. */
  layout: string
}

/** The JSON texts of the existing documents. */
export function readDocuments(file: WorkspaceFile, domain: Domain, ids: readonly string[]): JsonText<Doc>[] {
  const table = file.table(domain)
  if (table.missing === true || ids.length === 0) return []
  const where = oneOf('_id', ids)
  return file.column(
    fragment(`SELECT data FROM ${table.name} WHERE ${where.sql}${clauseOf(domain)}`, ...where.params),
  )
}

/** Whether any of the documents exists. */
export function hasDocument(file: WorkspaceFile, domain: Domain, ids: readonly string[]): boolean {
  const table = file.table(domain)
  if (table.missing === true) return false
  const one = file.prepare(`SELECT 1 FROM ${table.name} WHERE _id = ?`).pluck()
  return ids.some((id) => one.get(id) !== undefined)
}

/** `isNew`: whether the document is known to be absent. */
export function putDocuments(
  file: WorkspaceFile,
  puts: readonly Put[],
  isNew: (domain: Domain, id: string) => boolean = () => false,
): void {
  for (const { domain, row, layout } of puts) {
    ensureTable(file, domain)
    const table = file.table(domain)
    const values = layout === table.layout.id ? row : withKeys(row, table.layout)
    const id = idOf(row)
    const before = isNew(domain, id) ? undefined : file.row(table.current, [id])
    if (before === undefined) file.run(table.insert, values)
    else changeDocument(file, table, before, values)
  }
}

/** Sets only columns that differ: each index of a set column is written, even if the value stays the same. */
function changeDocument(file: WorkspaceFile, table: TableSql, before: Row, row: Row): void {
  const isChanged = (_value: unknown, at: number) => !isSame(before[at], row[at])
  const sets = table.rowColumns.filter(isChanged).map((column) => `${column} = ?`)
  const values = [...row.filter(isChanged), idOf(row)]
  file.run(`UPDATE ${table.name} SET ${sets.join(', ')} WHERE _id = ?`, values)
}

function isSame(one: SqlValue | undefined, other: SqlValue | undefined): boolean {
  if (!(one instanceof Uint8Array && other instanceof Uint8Array)) return one === other
  return Buffer.compare(one, other) === 0
}

/** For a row that was made before the schema changed. */
function withKeys(row: Row, layout: KeyLayout): Row {
  const doc = parseJson(dataOf(row))
  return documentRow(doc, keyValues(doc, layout))
}

export function removeDocuments(
  file: WorkspaceFile,
  removes: readonly { domain: Domain; id: string }[],
): void {
  for (const { domain, id } of removes) {
    if (file.table(domain).missing === true) continue
    file.run(`DELETE FROM ${quoteName(tableName(domain))} WHERE _id = ?`, [id])
  }
}

/** Documents after the cursor: up to this number of bytes of JSON text, and at least one. */
export function listDocuments(
  file: WorkspaceFile,
  request: { domain: Domain; cursor: string | undefined; byteLimit: number },
): { docs: DocumentInfo[]; finished: boolean } {
  const { domain, cursor, byteLimit } = request
  const table = file.table(domain)
  const page = new InfoPage(byteLimit)
  if (table.missing === true) return { docs: page.docs, finished: true }
  const sql = `SELECT data FROM ${table.name} WHERE _id > ?${clauseOf(domain)} ORDER BY _id`
  const rows = file
    .prepare<JsonText<Doc>>(sql)
    .pluck()
    .iterate(cursor ?? '')
  for (const data of rows) {
    const isRoom = page.add(parseJson(data), Buffer.byteLength(data))
    if (!isRoom) return { docs: page.docs, finished: false }
  }
  return { docs: page.docs, finished: true }
}

export interface Upload {
  domain: Domain
  rows: readonly Row[]
  layout: string
}

/** Restores documents. Transactions are appended to the log, and a new epoch starts. */
export function uploadDocuments(file: WorkspaceFile, { domain, rows, layout }: Upload): void {
  if (domain === domains.tx) {
    for (const row of rows) uploadTransaction(file, row)
    markRestored(file)
    return
  }
  putDocuments(
    file,
    rows.map((row) => ({ domain, row, layout })),
  )
  indexDocuments(file, domain, rows.map(idOf))
}

export function cleanDocuments(file: WorkspaceFile, domain: Domain, ids: readonly string[]): void {
  removeDocuments(
    file,
    ids.map((id) => ({ domain, id })),
  )
  if (domain === domains.tx) markRestored(file)
  else indexDocuments(file, domain, ids)
}

function uploadTransaction(file: WorkspaceFile, row: Row): void {
  const columns = [...transactionColumns, 'data']
  const values = columns.map(() => '?').join(', ')
  const updates = columns.map((column) => `${column} = excluded.${column}`).join(', ')
  const sql = `INSERT INTO tx (seq, ${columns.join(', ')}) VALUES (?, ${values}) ON CONFLICT (_id) DO UPDATE SET ${updates}`
  file.run(sql, [nextSequence(file), ...row])
}

function markRestored(file: WorkspaceFile): void {
  file.setMeta('epoch', newEpoch())
  file.setMeta('restored', '1')
}

function idOf(row: Row): string {
  return asText(row[0])
}

function asText(value: SqlValue | undefined): string {
  return typeof value === 'string' ? value : ''
}
