import { checkAttribute } from './attribute-check.ts'
import type { Doc } from './documents.ts'
import type { Hierarchy } from './hierarchy.ts'
import { invalidTransaction } from './invalid-transaction.ts'
import { isFields, ownValue, type Fields } from './json-value.ts'
import { checkCreatedMixins, checkUpdatedMixins } from './mixin-values.ts'
import { checkCreatedFields, checkUpdatedFields } from './strict-fields.ts'
import { headOf, updatedPaths } from './touched-fields.ts'
import type { TxCreateDoc, TxUpdateDoc } from './transactions.ts'

/**
 * Checks the attributes of a new document. Undeclared ones are allowed if the class is not strict. Returns the
 * transaction with defaults, or the same one if there are none to fill in. Throws `UnknownClass`, `MissingAttribute`
 * or `InvalidAttribute`.
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
  checkCreatedMixins(hierarchy, tx.objectClass, attributes)
  return attributes === tx.attributes ? tx : { ...tx, attributes }
}

/** The attributes with the defaults of the class. */
export function withDefaults(hierarchy: Hierarchy, _class: string, attributes: Fields): Fields {
  let filled: Fields | undefined
  for (const { name, defaultValue } of hierarchy.attributes(_class).values()) {
    if (defaultValue === undefined || ownValue(attributes, name) !== undefined) continue
    filled ??= { ...attributes }
    filled[name] = typeof defaultValue === 'object' ? structuredClone(defaultValue) : defaultValue
  }
  return filled ?? attributes
}

/** Checks the changed attributes in the resulting document. */
export function validateUpdate(hierarchy: Hierarchy, tx: TxUpdateDoc, after: Doc): void {
  const { operations } = tx
  const paths = updatedPaths(operations)
  checkUpdatedFields(hierarchy, paths.set, after)
  const attributes = hierarchy.attributes(after._class)
  for (const name of new Set(paths.touched.map(headOf))) {
    const attribute = attributes.get(name)
    if (attribute !== undefined) checkAttribute(hierarchy, attribute, ownValue(after, name))
  }
  checkUpdatedMixins(hierarchy, paths, { operations, after })
}
