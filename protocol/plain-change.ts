import { core } from '../model/identifiers.ts'
import { type Fields, isFields } from '../model/json-value.ts'
import type { TxCUD } from '../model/transactions.ts'

/** Maximum length of an id of a document, class or space. */
export const MAX_ID_LENGTH = 512

const idNames = ['_id', 'space', 'objectSpace', 'modifiedBy', 'objectId', 'objectClass'] as const

/**
 * Whether a change of one document is valid. The schema, which is slower, is needed only to tell why one is not:
 * whatever is accepted here is valid by the schema too.
 */
export function isPlainChange(value: unknown): value is TxCUD {
  if (!isFields(value) || !hasHeader(value)) return false
  if (value['_class'] !== core.class.TxCollectionCUD) return isDirectChange(value)
  const { collection, tx } = value
  return isId(collection) && isFields(tx) && hasHeader(tx) && isDirectChange(tx)
}

function isDirectChange(value: Fields): boolean {
  const { _class, attributes } = value
  switch (_class) {
    case core.class.TxCreateDoc:
      return isFields(attributes) && isParentless(value)
    case core.class.TxUpdateDoc:
      return isFields(value['operations']) && isFlag(value['retrieve'])
    case core.class.TxRemoveDoc:
      return isFlag(value['cascade'])
    case core.class.TxMixin:
      return isFields(attributes) && isId(value['mixin'])
    default:
      return false
  }
}

function hasHeader(value: Fields): boolean {
  const { modifiedOn } = value
  if (modifiedOn !== undefined && !Number.isFinite(modifiedOn)) return false
  for (const name of idNames) if (!isId(value[name])) return false
  return true
}

function isParentless({ attachedTo, attachedToClass, collection }: Fields): boolean {
  return attachedTo === undefined && attachedToClass === undefined && collection === undefined
}

function isFlag(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'boolean'
}

function isId(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_ID_LENGTH
}
