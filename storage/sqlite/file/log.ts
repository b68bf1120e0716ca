import { core } from '../../../model/identifiers.ts'
import { type LogEntry, type LogRequest, StorageError } from '../../contract.ts'
import { arrayText, type JsonText, jsonText, parseJson } from '../../shared/json-text.ts'
import { namedIds, type NamingTransaction } from '../../shared/named-ids.ts'
import { fragment, type SqlFragment, limitTo } from '../sql/sql-fragment.ts'
import { type Row, transactionColumns } from '../sql/row.ts'
import type { WorkspaceFile } from './workspace-file.ts'

const entryColumns = ['seq', 'request', 'result', ...transactionColumns, 'data']
const insertEntry = `INSERT INTO tx (${entryColumns.join(', ')}) VALUES (${entryColumns.map(() => '?').join(', ')})`

export function lastSequence(file: WorkspaceFile): number {
  return file.value<number>(fragment('SELECT coalesce(max(seq), 0) FROM tx')) ?? 0
}

export function nextSequence(file: WorkspaceFile): number {
  return lastSequence(file) + 1
}

/** Appends entries with consecutive `seq`. */
export function appendEntries(file: WorkspaceFile, entries: readonly Row[]): void {
  let expected = nextSequence(file)
  for (const entry of entries) {
    if (entry[0] !== expected)
      throw new StorageError('conflict', `expected entry ${expected}, not ${String(entry[0])}`)
    file.run(insertEntry, entry)
    expected++
  }
}

interface EntryRow {
  seq: number
  _id: string
  request: string | null
  result: string | null
  data: JsonText<LogEntry['tx']>
}

/** A JSON array of log entries. */
export function readEntries(file: WorkspaceFile, request: LogRequest): JsonText<LogEntry[]> {
  const rows = file.rows<EntryRow>(entriesQuery(request))
  return arrayText(rows.map(encodeEntry))
}

function entriesQuery({ after, limit, objectSpace, objectIds }: LogRequest): SqlFragment {
  const columns = 'SELECT seq, _id, request, result, data FROM tx'
  const ordered = `ORDER BY seq${limitTo(limit)}`
  if (objectIds !== undefined) {
    const marks = objectIds.map(() => '?').join(', ')
    // SQLite would read the log in its order, which is a scan for one document.
    const select = `${columns} INDEXED BY tx_object WHERE objectId IN (${marks}) AND seq > ?`
    return fragment(`${select} ${ordered}`, ...objectIds, after)
  }
  const select = `${columns} WHERE seq > ?`
  if (objectSpace === undefined) return fragment(`${select} ${ordered}`, after)
  if (objectSpace !== core.space.Model) {
    return fragment(`${select} AND objectSpace = ? ${ordered}`, after, objectSpace)
  }
  // A literal: SQLite does not use a partial index for a bound value.
  return fragment(`${select} AND objectSpace = '${core.space.Model}' ${ordered}`, after)
}

function encodeEntry({ seq, _id, request, result, data }: EntryRow): JsonText<LogEntry> {
  const kept = result === null ? '' : `,"result":${result}`
  return jsonText(`{"seq":${seq},"request":${JSON.stringify(request ?? _id)},"tx":${data}${kept}}`)
}

/** A JSON array of `{id, result?}` for the ids that the log contains, as request or transaction. */
export function readResults(file: WorkspaceFile, ids: readonly string[]): string {
  if (ids.length === 0) return '[]'
  const known = [...new Set(ids)].flatMap((id) => {
    const rows = file.rows<{ result: string | null }>(resultsOf(id))
    if (rows.length === 0) return []
    const result = rows.find((row) => row.result !== null)?.result
    return [`{"id":${JSON.stringify(id)}${result === undefined ? '' : `,"result":${result}`}}`]
  })
  return `[${known.join(',')}]`
}

/** Whether the log contains transactions derived from any of these requests. */
export function hasDerived(file: WorkspaceFile, ids: readonly string[]): boolean {
  const one = file.prepare('SELECT 1 FROM tx WHERE request = ?').pluck()
  return ids.some((id) => one.get(id) !== undefined)
}

/** Whether the log contains any of the ids, as request or transaction. */
export function hasRequest(file: WorkspaceFile, ids: readonly string[]): boolean {
  // better-sqlite3 would treat `?1` used twice as a named parameter.
  const sql = 'SELECT 1 FROM tx WHERE _id = ? UNION ALL SELECT 1 FROM tx WHERE request = ?'
  const one = file.prepare(sql).pluck()
  return ids.some((id) => one.get(id, id) !== undefined)
}

function resultsOf(id: string): SqlFragment {
  return fragment(
    'SELECT seq, result FROM tx WHERE _id = ? UNION SELECT seq, result FROM tx WHERE request = ? ORDER BY seq',
    id,
    id,
  )
}

/** Classes of transactions that change one document, named in a column, and possibly all of its fields. */
const plain = [core.class.TxCreateDoc, core.class.TxRemoveDoc, core.class.TxMixin]
const others = `CASE WHEN objectId IS NULL OR _class NOT IN (${plain.map((_class) => `'${_class}'`).join(', ')}) THEN data END`

interface NamingRow {
  seq: number
  objectId: string
  /** The transaction, if the column is not enough. */
  data: JsonText<NamingTransaction> | null
}

/** For each entry after `seq`, the ids of documents in which it may have changed one of the fields. */
export function changedIds(
  file: WorkspaceFile,
  { after, limit, fields }: { after: number; limit: number; fields: ReadonlySet<string> },
): { seq: number; ids: () => string[] }[] {
  const sql = `SELECT seq, objectId, ${others} AS data FROM tx WHERE seq > ? ORDER BY seq${limitTo(limit)}`
  return file.rows<NamingRow>(fragment(sql, after)).map(({ seq, objectId, data }) => ({
    seq,
    ids: () => (data === null ? [objectId] : namedIds(parseJson(data), fields)),
  }))
}

/** Sorts restored transactions by time, because the model is built in that order. */
export function restoreOrder(file: WorkspaceFile): void {
  if (file.meta('restored') === undefined) return
  file.transaction('immediate', () => {
    const offset = lastSequence(file)
    const ordered = 'SELECT seq, row_number() OVER (ORDER BY modifiedOn, seq) AS position FROM tx'
    file.run(`UPDATE tx SET seq = ${offset} + position FROM (${ordered}) AS o WHERE tx.seq = o.seq`)
    file.run(`UPDATE tx SET seq = seq - ${offset}`)
    file.run(`DELETE FROM meta WHERE name = 'restored'`)
  })
}
