import type { Attribute, Doc } from './documents.ts'
import type { Hierarchy } from './hierarchy.ts'
import type { Fields } from './json-value.ts'
import { StatusError } from './status.ts'
import { headOf } from './touched-fields.ts'

/**
 * Rejects undeclared fields of a new document of a strict class, except its mixins.
 * @throws StatusError `core:status:InvalidAttribute`
 */
export function checkCreatedFields(hierarchy: Hierarchy, _class: string, attributes: Fields): void {
  if (!hierarchy.isStrict(_class)) return
  // Operators are rejected elsewhere.
  for (const name of Object.keys(attributes))
    if (!name.startsWith('$')) checkDeclared(hierarchy, _class, name)
}

/** Rejects undeclared paths that an update sets. An update may remove undeclared fields. */
export function checkUpdatedFields(hierarchy: Hierarchy, paths: readonly string[], after: Doc): void {
  if (!hierarchy.isStrict(after._class)) return
  for (const path of paths) checkDeclared(hierarchy, after._class, headOf(path))
}

/** Rejects names that `_class` does not declare. */
export function checkNames(
  _class: string,
  declared: ReadonlyMap<string, Attribute>,
  names: readonly string[],
): void {
  for (const name of names) if (!declared.has(name)) throw undeclared(_class, name)
}

function checkDeclared(hierarchy: Hierarchy, _class: string, name: string): void {
  if (hierarchy.attributes(_class).has(name) || hierarchy.mayCarry(_class, name)) return
  throw undeclared(_class, name)
}

function undeclared(_class: string, attribute: string): StatusError {
  const expected = 'a declared attribute'
  return new StatusError('core:status:InvalidAttribute', {
    _class,
    attribute: attribute.slice(0, 100),
    expected,
  })
}
