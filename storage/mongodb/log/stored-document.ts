import type { Document } from 'mongodb'
import type { Doc, Domain } from '../../../model/documents.ts'
import { core } from '../../../model/identifiers.ts'
import { innerChange, isChange } from '../../../model/inner-change.ts'
import { fieldsOf, isFields } from '../../../model/json-value.ts'
import { applyTransaction, targetOf } from '../../../model/apply-transaction.ts'
import type { TxCUD } from '../../../model/transactions.ts'
import type { LogEntry } from '../../contract.ts'
import { escapeFields, unescapeValue } from '../driver/escape.ts'
import { checkedSize } from '../driver/size-limits.ts'

/** A stored document: its fields, and fields of the storage, whose names start with `%`. */
export interface StoredDocument extends Document {
  _id: string
  /** The last entry that wrote the document. Writes of earlier entries do not replace it. */
  '%stamp': number
  /** Field names are escaped. */
  '%escaped'?: true
  /** The other fields as JSON, because the server rejects the document as it is. */
  '%text'?: string
  /** A tombstone: a late write could otherwise restore the document. */
  '%removed'?: true
}

/** An entry of the log, or a fence at its end. */
export interface StoredEntry extends Document {
  /** `seq`. */
  _id: number
  /** The owner that wrote the entry. */
  '%owner': string
  /** When the entry was written, documents of entries up to this `seq` were written. */
  '%projected': number
  /** The first and the last `seq` of the group. */
  '%first': number
  '%last': number
  /** The domain of the changed document, if there is one. */
  '%domain'?: Domain
  '%escaped'?: true
  /** The transaction as JSON. `tx` then contains only the fields that identify it. */
  '%text'?: string
  /** A fence: it reserves the position of the next entry for the owner. */
  '%fence'?: true
  tx: Document & { _id: string }
  request?: string
  /** JSON text. */
  result?: string
}

/** MongoDB allows 100 levels of nesting, including those around a transaction. */
const maxDepth = 90

/**
 * A document that MongoDB is known to reject is stored as text.
 * @throws TooLargeError
 */
export function storedDocument(doc: Doc, stamp: number): StoredDocument {
  const found = { escaped: false, depth: 0 }
  const fields = escapeFields(doc, found)
  if (found.depth > maxDepth) return documentText(doc, stamp)
  const stored = {
    ...fields,
    _id: doc._id,
    '%stamp': stamp,
    ...(found.escaped ? { '%escaped': true as const } : {}),
  }
  return checkedSize(stored, { documents: [doc._id] })
}

export function documentText(doc: Doc, stamp: number): StoredDocument {
  const stored = { _id: doc._id, '%stamp': stamp, '%text': JSON.stringify(doc) }
  return checkedSize(stored, { documents: [doc._id] })
}

export function tombstone(id: string, stamp: number): StoredDocument {
  return { _id: id, '%stamp': stamp, '%removed': true }
}

/** The document; none for a tombstone. Changes `stored`. */
export function documentOf(stored: Document): Doc[] {
  const { '%stamp': _stamp, '%escaped': escaped, '%removed': removed, '%text': text, ...fields } = stored
  if (removed === true) return []
  if (typeof text === 'string') return [JSON.parse(text)]
  // The fields that were passed to `storedDocument`.
  return [(escaped === true ? unescapeValue(fields) : fields) as Doc]
}

export interface EntryPosition {
  owner: string
  projected: number
  first: number
  last: number
  domain?: Domain | undefined
}

/** @throws TooLargeError */
export function storedEntry({ seq, tx, request, result }: LogEntry, position: EntryPosition): StoredEntry {
  const found = { escaped: false, depth: 0 }
  const fields = { ...escapeFields(tx, found), _id: tx._id }
  const stored = {
    _id: seq,
    '%owner': position.owner,
    '%projected': position.projected,
    '%first': position.first,
    '%last': position.last,
    ...(position.domain === undefined ? {} : { '%domain': position.domain }),
    ...(found.escaped ? { '%escaped': true as const } : {}),
    tx: fields,
    request,
    ...(result === undefined ? {} : { result: JSON.stringify(result) }),
  }
  return found.depth > maxDepth ? entryText(stored) : checkedSize(stored, { requests: [request] })
}

/** Fields of a transaction by which entries are found. */
const naming = ['_id', '_class', 'space', 'objectSpace', 'objectId', 'modifiedOn', 'modifiedBy'] as const

/**
 * The same entry with its transaction as text.
 * @throws TooLargeError
 */
export function entryText(stored: StoredEntry): StoredEntry {
  const { '%escaped': _escaped, ...rest } = stored
  const tx = transactionOf(stored)
  const fields = fieldsOf(tx)
  const named = Object.fromEntries(naming.flatMap((name) => (name in tx ? [[name, fields[name]]] : [])))
  const inner = fields['tx']
  const nested = isFields(inner) ? { tx: { objectId: inner['objectId'] } } : {}
  const text = { ...rest, '%text': JSON.stringify(tx), tx: { ...named, ...nested, _id: tx._id } }
  return checkedSize(text, { requests: [stored.request ?? tx._id] })
}

export function fenceEntry(seq: number, owner: string, projected: number, nonce: string): StoredEntry {
  // In the space of derived transactions, which queries do not find.
  const tx = { _id: `%fence ${nonce}`, space: core.space.DerivedTx }
  const position = { '%owner': owner, '%projected': projected, '%first': seq, '%last': seq }
  return { _id: seq, ...position, '%fence': true, tx }
}

export function transactionOf({ tx, '%escaped': escaped, '%text': text }: Document): LogEntry['tx'] {
  if (typeof text === 'string') return JSON.parse(text)
  // The transaction that was passed to `storedEntry`.
  return (escaped === true ? unescapeValue(tx) : tx) as LogEntry['tx']
}

export function entryOf(stored: StoredEntry): LogEntry {
  const { _id: seq, request, result } = stored
  const tx = transactionOf(stored)
  const kept = result === undefined ? {} : { result: JSON.parse(result) }
  return { seq, tx, request: request ?? tx._id, ...kept }
}

/** The id of the document that the entry changes. */
export function changedId(tx: LogEntry['tx']): string | undefined {
  return hasChange(tx) ? targetOf(tx)._id : undefined
}

export function isRemoval(tx: LogEntry['tx']): boolean {
  const change = hasChange(tx) ? innerChange(tx) : tx
  return change._class === 'core:class:TxRemoveDoc'
}

/** @throws StatusError as `applyTransaction` does */
export function applyEntry(doc: Doc | undefined, tx: LogEntry['tx']): Doc | undefined {
  return hasChange(tx) ? applyTransaction(doc, tx) : doc
}

/** A restored log may contain other values. */
function hasChange(tx: TxCUD): boolean {
  return isChange(tx) && (tx._class !== 'core:class:TxCollectionCUD' || 'tx' in tx)
}
