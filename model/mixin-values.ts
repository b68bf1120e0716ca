import { checkAttribute } from './attribute-check.ts'
import type { Attribute, Doc } from './documents.ts'
import type { Hierarchy } from './hierarchy.ts'
import { invalidTransaction } from './invalid-transaction.ts'
import { isFields, ownValue, type Fields } from './json-value.ts'
import { StatusError } from './status.ts'
import { checkNames } from './strict-fields.ts'
import { headOf, type UpdatedPaths, updatedPaths } from './touched-fields.ts'
import type { TxMixin, UpdateOperations } from './transactions.ts'

/**
 * Checks that the document may carry the mixin, and the mixin's attributes in `after`.
 * @throws StatusError UnknownClass, InvalidTransaction, MissingAttribute, InvalidAttribute
 */
export function validateMixin(hierarchy: Hierarchy, tx: TxMixin, after: Doc): void {
  checkCarrier(hierarchy, tx.mixin, after._class)
  const { touched, set } = updatedPaths(tx.attributes)
  const names = new Set([...touched.map(headOf), ...hierarchy.ownAttributes(tx.mixin).keys()])
  checkValues(hierarchy, tx.mixin, fieldsOf(after._class, tx.mixin, ownValue(after, tx.mixin)), names)
  checkDeclaredNames(hierarchy, tx.mixin, set.map(headOf))
}

/**
 * Checks the mixins of a new document.
 * @throws StatusError MissingAttribute, InvalidAttribute
 */
export function checkCreatedMixins(hierarchy: Hierarchy, _class: string, attributes: Fields): void {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && hierarchy.mayCarry(_class, name))
      checkWhole(hierarchy, name, fieldsOf(_class, name, value))
}

/** Checks the mixins that an update changed. A removed mixin is not checked. */
export function checkUpdatedMixins(
  hierarchy: Hierarchy,
  { touched, set }: UpdatedPaths,
  { operations, after }: { operations: UpdateOperations; after: Doc },
): void {
  const { $pushMixin: pushed } = operations
  if (pushed !== undefined) checkCarrier(hierarchy, pushed.$mixin, after._class)
  const { _class } = after
  for (const [mixin, inner] of touched.map(split)) {
    const value = ownValue(after, mixin)
    if (value === undefined || !hierarchy.mayCarry(_class, mixin)) continue
    const fields = fieldsOf(_class, mixin, value)
    if (inner === undefined) checkWhole(hierarchy, mixin, fields)
    else checkValues(hierarchy, mixin, fields, new Set([headOf(inner)]))
  }
  for (const [mixin, inner] of set.map(split))
    if (inner !== undefined && hierarchy.mayCarry(_class, mixin))
      checkDeclaredNames(hierarchy, mixin, [headOf(inner)])
}

function checkCarrier(hierarchy: Hierarchy, mixin: string, _class: string): void {
  hierarchy.getClass(mixin)
  if (!hierarchy.isMixin(mixin)) throw invalidTransaction('not a mixin', { mixin })
  if (!hierarchy.mayCarry(_class, mixin))
    throw invalidTransaction('the mixin extends another class', { mixin, _class })
}

/** Checks all fields of a mixin. */
function checkWhole(hierarchy: Hierarchy, mixin: string, fields: Fields): void {
  const names = Object.keys(fields)
  checkValues(hierarchy, mixin, fields, new Set(names))
  checkDeclaredNames(hierarchy, mixin, names)
}

/** Checks the values of these names, and that no attribute that the mixin itself requires is missing. */
function checkValues(hierarchy: Hierarchy, mixin: string, fields: Fields, names: ReadonlySet<string>): void {
  for (const attribute of mixinAttributes(hierarchy, mixin).values()) {
    const value = ownValue(fields, attribute.name)
    const isMissing = value === undefined || value === null
    // Attributes that an ancestor requires are required below the ancestor's id.
    const isMeant = isMissing ? attribute.attributeOf === mixin : names.has(attribute.name)
    if (isMeant) checkAttribute(hierarchy, attribute, value)
  }
}

function checkDeclaredNames(hierarchy: Hierarchy, mixin: string, names: readonly string[]): void {
  if (hierarchy.isStrict(mixin)) checkNames(mixin, mixinAttributes(hierarchy, mixin), names)
}

/** The attributes of the mixin and of the mixins that it extends, without those of its class. */
function mixinAttributes(hierarchy: Hierarchy, mixin: string): ReadonlyMap<string, Attribute> {
  const ofDocument = new Set<string>(hierarchy.ancestors(hierarchy.baseClass(mixin)))
  const farthestFirst = hierarchy
    .ancestors(mixin)
    .filter((id) => !ofDocument.has(id))
    .reverse()
  return new Map(farthestFirst.flatMap((id) => [...hierarchy.ownAttributes(id)]))
}

function fieldsOf(_class: string, mixin: string, value: unknown): Fields {
  if (isFields(value)) return value
  throw new StatusError('core:status:InvalidAttribute', { _class, attribute: mixin, expected: 'object' })
}

/** The first segment of a path, and the rest if there is one. */
function split(path: string): [string, string | undefined] {
  const head = headOf(path)
  return [head, head.length < path.length ? path.slice(head.length + 1) : undefined]
}
