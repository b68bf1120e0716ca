import type { Doc } from './documents.ts'
import type { Hierarchy } from './hierarchy.ts'
import { isFields, ownValue, type Fields } from './json-value.ts'
import { StatusError } from './status.ts'
import { touchedPaths } from './touched-fields.ts'
import type { UpdateOperations } from './transactions.ts'

/**
 * Refuses fields of a new document that a strict class, or a strict mixin on it, does not declare.
 *
 * @throws StatusError `core:status:InvalidAttribute`
 */
export function checkCreatedFields(hierarchy: Hierarchy, _class: string, attributes: Fields): void {
  if (!hierarchy.isStrict(_class)) return
  for (const name of Object.keys(attributes)) {
    // An operator, which is refused as such.
    if (name.startsWith('$')) continue
    checkDeclared(hierarchy, _class, name)
    const fields = ownValue(attributes, name)
    if (hierarchy.isMixin(name) && isFields(fields)) checkMixinFields(hierarchy, name, Object.keys(fields))
  }
}

/** The same of what an update sets. Taking out what is not declared is what an update may do. */
export function checkUpdatedFields(hierarchy: Hierarchy, operations: UpdateOperations, after: Doc): void {
  if (!hierarchy.isStrict(after._class)) return
  for (const [name = '', inner] of setPaths(operations)) {
    checkDeclared(hierarchy, after._class, name)
    if (!hierarchy.isMixin(name)) continue
    const fields = ownValue(after, name)
    const names = inner === undefined ? Object.keys(isFields(fields) ? fields : {}) : [inner]
    checkMixinFields(hierarchy, name, names)
  }
}

/** The same of what is set in a mixin. */
export function checkMixedFields(hierarchy: Hierarchy, mixin: string, attributes: UpdateOperations): void {
  checkMixinFields(
    hierarchy,
    mixin,
    setPaths(attributes).map(([name = '']) => name),
  )
}

function checkMixinFields(hierarchy: Hierarchy, mixin: string, names: readonly string[]): void {
  if (!hierarchy.isStrict(mixin)) return
  const declared = hierarchy.attributes(mixin)
  for (const name of names) if (!declared.has(name)) throw undeclared(mixin, name)
}

function checkDeclared(hierarchy: Hierarchy, _class: string, name: string): void {
  if (hierarchy.attributes(_class).has(name)) return
  const isMixin = hierarchy.isMixin(name) && hierarchy.isDerived(_class, hierarchy.baseClass(name))
  if (!isMixin) throw undeclared(_class, name)
}

function setPaths(operations: UpdateOperations): string[][] {
  if (!('$unset' in operations)) return touchedPaths(operations).map((path) => path.split('.'))
  const { $unset: _, ...others } = operations
  return setPaths(others)
}

function undeclared(_class: string, attribute: string): StatusError {
  const expected = 'a declared attribute'
  return new StatusError('core:status:InvalidAttribute', {
    _class,
    attribute: attribute.slice(0, 100),
    expected,
  })
}
