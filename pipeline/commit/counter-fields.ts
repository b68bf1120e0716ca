import type { Attribute, ClassId, Doc } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { core } from '../../model/identifiers.ts'
import { invalidTransaction } from '../../model/invalid-transaction.ts'
import { isFields, ownValue } from '../../model/json-value.ts'
import type { DocumentChange } from '../../model/transactions.ts'

type Fields = readonly (readonly string[])[]

const known = new WeakMap<Hierarchy, Map<string, Fields>>()

/** The collection that a class or mixin declares under this name. */
export function collectionOf(hierarchy: Hierarchy, _class: ClassId, name: string): Attribute | undefined {
  const attribute = hierarchy.attributes(_class).get(name)
  return attribute?.type._class === core.class.Collection ? attribute : undefined
}

/**
 * Only the server changes the counters of collections.
 * @throws StatusError InvalidTransaction that names the field
 */
export function checkCounters(hierarchy: Hierarchy, { before, after }: DocumentChange): void {
  if (after === undefined) return
  for (const path of counterFields(hierarchy, after._class)) {
    const [was, is] = [before === undefined ? undefined : valueAt(before, path), valueAt(after, path)]
    const isKept = before === undefined ? is === 0 || is == null : is === was
    if (!isKept) throw invalidTransaction('only the server changes counters', { field: path.join('.') })
  }
}

/** Paths of the counters in documents of the class, including those of mixins on it. */
function counterFields(hierarchy: Hierarchy, _class: string): Fields {
  let fields = known.get(hierarchy)
  if (fields === undefined) known.set(hierarchy, (fields = new Map()))
  let found = fields.get(_class)
  if (found === undefined) fields.set(_class, (found = findFields(hierarchy, _class)))
  return found
}

function findFields(hierarchy: Hierarchy, _class: string): Fields {
  const mixins = [...hierarchy.classes()].filter((id) => hierarchy.mayCarry(_class, id))
  const attributes = [
    ...hierarchy.attributes(_class).values(),
    ...mixins.flatMap((id) => [...hierarchy.ownAttributes(id).values()]),
  ]
  return attributes
    .filter(({ type }) => type._class === core.class.Collection)
    .map((attribute) => hierarchy.pathOf(attribute))
}

function valueAt(doc: Doc, path: readonly string[]): unknown {
  let value: unknown = doc
  for (const name of path) value = isFields(value) ? ownValue(value, name) : undefined
  return value
}
