import { checkType } from './attribute-check.ts'
import type { Attribute, Doc } from './documents.ts'
import type { Hierarchy } from './hierarchy.ts'
import { invalidTransaction } from './invalid-transaction.ts'
import { isFields, ownValue, type Fields } from './json-value.ts'
import { StatusError } from './status.ts'
import { checkCreatedFields, checkMixedFields, checkUpdatedFields } from './strict-fields.ts'
import { touchedFields } from './touched-fields.ts'
import type { TxCreateDoc, TxMixin, TxUpdateDoc } from './transactions.ts'

/**
 * Checks a new document's attributes against its class; undeclared ones are allowed
 * where it is not strict. Returns the transaction
 * with defaults filled in, the same one when there are none to fill. Throws `UnknownClass`,
 * `MissingAttribute` or `InvalidAttribute`.
 */
export function validateCreate(hierarchy: Hierarchy, tx: TxCreateDoc): TxCreateDoc {
  if (hierarchy.getClass(tx.objectClass).kind !== 0)
    throw invalidTransaction('not a class of documents', { _class: tx.objectClass })
  if (!isFields(tx.attributes)) throw invalidTransaction('no attributes')
  checkCreatedFields(hierarchy, tx.objectClass, tx.attributes)
  const attributes = withDefaults(hierarchy, tx.objectClass, tx.attributes)
  for (const attribute of hierarchy.attributes(tx.objectClass).values()) {
    checkAttribute(hierarchy, attribute, ownValue(attributes, attribute.name))
  }
  return attributes === tx.attributes ? tx : { ...tx, attributes }
}

/** The attributes with the class's defaults for what is left out. */
export function withDefaults(hierarchy: Hierarchy, _class: string, attributes: Fields): Fields {
  let filled: Fields | undefined
  for (const { name, defaultValue } of hierarchy.attributes(_class).values()) {
    if (defaultValue === undefined || ownValue(attributes, name) !== undefined) continue
    filled ??= { ...attributes }
    filled[name] = typeof defaultValue === 'object' ? structuredClone(defaultValue) : defaultValue
  }
  return filled ?? attributes
}

/** Checks the attributes an update touched, as they are in the document it gave. */
export function validateUpdate(hierarchy: Hierarchy, tx: TxUpdateDoc, after: Doc): void {
  checkUpdatedFields(hierarchy, tx.operations, after)
  const attributes = hierarchy.attributes(after._class)
  for (const name of touchedFields(tx.operations)) {
    const attribute = attributes.get(name)
    if (attribute !== undefined) checkAttribute(hierarchy, attribute, ownValue(after, name))
  }
  const pushed = tx.operations.$pushMixin
  if (pushed !== undefined) checkMixin(hierarchy, pushed.$mixin, after)
}

/** Checks that the document may carry the mixin, and the mixin's attributes as they are in `after`. */
export function validateMixin(hierarchy: Hierarchy, tx: TxMixin, after: Doc): void {
  checkMixin(hierarchy, tx.mixin, after)
  checkMixedFields(hierarchy, tx.mixin, tx.attributes)
}

function checkMixin(hierarchy: Hierarchy, mixin: string, after: Doc): void {
  hierarchy.getClass(mixin)
  if (!hierarchy.isMixin(mixin)) throw invalidTransaction('not a mixin', { mixin })
  if (!hierarchy.isDerived(after._class, hierarchy.baseClass(mixin))) {
    throw invalidTransaction('a mixin of another class', { mixin, _class: after._class })
  }
  const fields = ownValue(after, mixin)
  for (const attribute of hierarchy.ownAttributes(mixin).values()) {
    checkAttribute(hierarchy, attribute, isFields(fields) ? ownValue(fields, attribute.name) : undefined)
  }
}

/** The header of a document isn't among the attributes of a transaction that creates one. */
const headerNames: ReadonlySet<string> = new Set([
  '_id',
  '_class',
  'space',
  'modifiedBy',
  'modifiedOn',
  'createdBy',
  'createdOn',
])

function checkAttribute(hierarchy: Hierarchy, attribute: Attribute, value: unknown): void {
  const { attributeOf: _class, name } = attribute
  if (value === undefined || value === null) {
    const missing = attribute.required === true && !headerNames.has(name)
    if (missing) throw new StatusError('core:status:MissingAttribute', { _class, attribute: name })
    return
  }
  const expected = checkType(hierarchy, attribute.type, value)
  if (expected === undefined) return
  throw new StatusError('core:status:InvalidAttribute', { _class, attribute: name, expected })
}
