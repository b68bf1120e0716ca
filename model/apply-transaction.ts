import type { AttachedDoc, ClassId, Doc, Ref, Space } from './documents.ts'
import { invalidTransaction } from './invalid-transaction.ts'
import { fieldsOf, isFields, type Fields } from './json-value.ts'
import { applyOperations, changeMixin, checkValue } from './operators.ts'
import type { WorkMeter } from './query/work-meter.ts'
import { StatusError } from './status.ts'
import type { TxCollectionCUD, TxCreateDoc, TxCUD, TxMixin, TxUpdateDoc } from './transactions.ts'

/** The document that a transaction changes. For a collection transaction it is the attached document. */
export interface Target {
  _id: Ref
  _class: ClassId
  space: Ref<Space>
  /** Whether the transaction creates it. */
  created: boolean
}

export function targetOf(tx: TxCUD): Target {
  const change = tx._class === 'core:class:TxCollectionCUD' ? requireInner(tx) : tx
  const created = change._class === 'core:class:TxCreateDoc'
  return { _id: change.objectId, _class: change.objectClass, space: change.objectSpace, created }
}

/**
 * The document after the transaction; `undefined` if it is removed. `doc` is not changed: unchanged parts are shared
 * with the result. Throws `ObjectExists`, `ObjectNotFound` or `InvalidTransaction`.
 * @param meter bounds the work of a new transaction; a log is replayed without one, and without the limits of patterns
 */
export function applyTransaction(doc: Doc | undefined, tx: TxCUD, meter?: WorkMeter): Doc | undefined {
  switch (tx._class) {
    case 'core:class:TxCreateDoc':
      return create(doc, tx)
    case 'core:class:TxUpdateDoc':
      return update(existing(doc, tx), tx, meter)
    case 'core:class:TxMixin':
      return mix(existing(doc, tx), tx, meter)
    case 'core:class:TxRemoveDoc':
      return undefined
    case 'core:class:TxCollectionCUD':
      return applyAttached(doc, tx, meter)
    default:
      // A restored log may contain other classes.
      throw notAChange(tx)
  }
}

export function notAChange({ _class }: { _class: unknown }): StatusError {
  return invalidTransaction('not a change of a document', { _class: String(_class) })
}

function create(doc: Doc | undefined, tx: TxCreateDoc): Doc {
  if (doc !== undefined) throw new StatusError('core:status:ObjectExists', { _id: tx.objectId })
  const { attributes } = tx
  if (!isFields(attributes)) throw invalidTransaction('no attributes')
  checkValue(attributes, 'attributes')
  const operator = Object.keys(attributes).find((key) => key.startsWith('$'))
  if (operator !== undefined) throw invalidTransaction('not a field', { field: operator.slice(0, 100) })
  return { ...attributes, ...attachmentOf(tx), ...headerOf(tx) }
}

/**
 * Newer clients name the parent in the creation itself. Older logs may contain a part of these fields, which is
 * ignored.
 */
function attachmentOf({ attachedTo, attachedToClass, collection }: TxCreateDoc): Partial<AttachedDoc> {
  if (attachedTo === undefined || attachedToClass === undefined || collection === undefined) return {}
  return { attachedTo, attachedToClass, collection }
}

function headerOf(tx: TxCreateDoc): Doc {
  return {
    _id: tx.objectId,
    _class: tx.objectClass,
    space: tx.objectSpace,
    modifiedBy: tx.modifiedBy,
    modifiedOn: tx.modifiedOn,
    createdBy: tx.createdBy ?? tx.modifiedBy,
    createdOn: tx.createdOn ?? tx.modifiedOn,
  }
}

function update(doc: Doc, tx: TxUpdateDoc, meter?: WorkMeter): Doc {
  if (!isFields(tx.operations)) throw invalidTransaction('no operations')
  return changed(doc, tx, (fields) => applyOperations(fields, tx.operations, meter))
}

function mix(doc: Doc, tx: TxMixin, meter?: WorkMeter): Doc {
  if (!isFields(tx.attributes) || typeof tx.mixin !== 'string')
    throw invalidTransaction('no attributes of a mixin')
  return changed(doc, tx, (fields) => {
    changeMixin(fields, tx.mixin, (inner) => applyOperations(inner, tx.attributes, meter))
  })
}

/** The outer transaction provides the signature: only that one was checked against the session. */
function applyAttached(doc: Doc | undefined, tx: TxCollectionCUD, meter?: WorkMeter): Doc | undefined {
  const { modifiedBy, modifiedOn } = tx
  const inner: TxCUD = { ...requireInner(tx), modifiedBy, modifiedOn }
  if (inner._class === 'core:class:TxCollectionCUD')
    throw invalidTransaction('nested collection transactions')
  if (inner._class !== 'core:class:TxCreateDoc') return applyTransaction(doc, inner, meter)
  const attached = { attachedTo: tx.objectId, attachedToClass: tx.objectClass, collection: tx.collection }
  return { ...create(doc, inner), ...attached }
}

function changed(doc: Doc, tx: TxCUD, change: (fields: Fields) => void): Doc {
  const copy: Doc = { ...doc }
  const fields = fieldsOf(copy)
  change(fields)
  if (fields['_id'] !== doc._id || fields['_class'] !== doc._class)
    throw invalidTransaction('_id and _class are immutable')
  if (typeof fields['space'] !== 'string') throw invalidTransaction('the space is not a string')
  copy.modifiedBy = tx.modifiedBy
  copy.modifiedOn = tx.modifiedOn
  return copy
}

function existing(doc: Doc | undefined, tx: TxCUD): Doc {
  if (doc === undefined) throw new StatusError('core:status:ObjectNotFound', { _id: tx.objectId })
  return doc
}

/** A restored log may contain a collection transaction without an inner one, or with another one inside. */
function requireInner(tx: TxCollectionCUD): TxCUD {
  if (!isFields(tx.tx)) throw invalidTransaction('the inner transaction is missing')
  return tx.tx
}
