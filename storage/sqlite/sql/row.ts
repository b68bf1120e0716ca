import type { Doc } from '../../../model/documents.ts'
import { fieldsOf } from '../../../model/json-value.ts'
import type { LogEntry } from '../../contract.ts'
import { type JsonText, jsonText } from '../../shared/json-text.ts'
import type { SqlValue } from './sql-fragment.ts'

/** Fields of documents with a column of their own, in the order of a row. */
export const documentColumns = [
  '_id',
  '_class',
  'space',
  'modifiedOn',
  'modifiedBy',
  'createdOn',
  'createdBy',
  'attachedTo',
  'attachedToClass',
] as const

export const transactionColumns = [
  '_id',
  '_class',
  'space',
  'modifiedOn',
  'modifiedBy',
  'objectId',
  'objectClass',
  'objectSpace',
] as const

/** Values of the columns, the JSON text, and values of the key columns. The worker only binds them. */
export type Row = SqlValue[]

export function documentRow(doc: Doc, keys: readonly SqlValue[] = []): Row {
  return [...columnValues(doc, documentColumns), JSON.stringify(doc), ...keys]
}

/** The `_id` of the transaction. */
export function entryId(row: Row): unknown {
  return row[3]
}

/** `seq`, `request` unless it is the transaction's own id, `result`, then the columns of the transaction. */
export function entryRow(entry: LogEntry): Row {
  const request = entry.request === entry.tx._id ? null : entry.request
  const result = entry.result === undefined ? null : JSON.stringify(entry.result)
  return [entry.seq, request, result, ...transactionRow(entry.tx)]
}

export function transactionRow(tx: Doc): Row {
  return [...columnValues(tx, transactionColumns), JSON.stringify(tx)]
}

export function dataOf(row: Row): JsonText<Doc> {
  return jsonText(String(row[documentColumns.length]))
}

function columnValues(doc: Doc, columns: readonly string[]): SqlValue[] {
  const fields = fieldsOf(doc)
  return columns.map((column) => columnValue(fields[column]))
}

function columnValue(value: unknown): SqlValue {
  return typeof value === 'string' || typeof value === 'number' ? value : null
}
