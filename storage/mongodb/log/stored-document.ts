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

/** A document as it is stored: its fields, and those of the storage, whose names begin with `%`. */
export interface StoredDocument extends Document {
  _id: string
  /** Tells which entry of the log last wrote it: no write of an earlier entry takes its place. */
  '%stamp': number
  /** Names within are escaped. */
  '%escaped'?: true
  /** All of it but this and what is above, as JSON: the server refuses it as it is. */
  '%text'?: string
  /** It was removed; kept where a late write might bring it back. */
  '%removed'?: true
}

/** An entry of the log, or the fence at its end. */
export interface StoredEntry extends Document {
  /** `seq`. */
  _id: number
  /** The opening of the workspace that wrote it. */
  '%owner': string
  /** Up to this `seq` the documents were written when it was. */
  '%projected': number
  /** What is committed together: from this `seq` to that. */
  '%first': number
  '%last': number
  /** Where the document is that it changes, if it changes one. */
  '%domain'?: Domain
  '%escaped'?: true
  /** The transaction as JSON; `tx` has what names it then. */
  '%text'?: string
  /** No entry: the place of the next one, taken by the owner. */
  '%fence'?: true
  tx: Document & { _id: string }
  request?: string
  /** As JSON. */
  result?: string
}

/** MongoDB takes 100 levels of objects and arrays within one another; those around a transaction are among them. */
const maxDepth = 90

/**
 * What MongoDB is known to refuse is stored as text.
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

/** The document, or none when what is stored tells that it was removed. Changes `stored`. */
export function documentOf(stored: Document): Doc[] {
  const { '%stamp': _stamp, '%escaped': escaped, '%removed': removed, '%text': text, ...fields } = stored
  if (removed === true) return []
  if (typeof text === 'string') return [JSON.parse(text)]
  // The fields that `storedDocument` was given.
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
export function storedEntry({ seq, tx, request, result }: LogEntry, place: EntryPosition): StoredEntry {
  const found = { escaped: false, depth: 0 }
  const fields = { ...escapeFields(tx, found), _id: tx._id }
  const stored = {
    _id: seq,
    '%owner': place.owner,
    '%projected': place.projected,
    '%first': place.first,
    '%last': place.last,
    ...(place.domain === undefined ? {} : { '%domain': place.domain }),
    ...(found.escaped ? { '%escaped': true as const } : {}),
    tx: fields,
    request,
    ...(result === undefined ? {} : { result: JSON.stringify(result) }),
  }
  return found.depth > maxDepth ? entryText(stored) : checkedSize(stored, { requests: [request] })
}

/** What of a transaction its entry is found by. */
const naming = ['_id', '_class', 'space', 'objectSpace', 'objectId', 'modifiedOn', 'modifiedBy'] as const

/**
 * The same entry, its transaction as text.
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
  // In the space of derived transactions, which nobody finds.
  const tx = { _id: `%fence ${nonce}`, space: core.space.DerivedTx }
  const place = { '%owner': owner, '%projected': projected, '%first': seq, '%last': seq }
  return { _id: seq, ...place, '%fence': true, tx }
}

export function transactionOf({ tx, '%escaped': escaped, '%text': text }: Document): LogEntry['tx'] {
  if (typeof text === 'string') return JSON.parse(text)
  // The transaction that `storedEntry` was given.
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
