import type { Attribute, Class, Doc, Enum } from './documents.ts'
import { core } from './identifiers.ts'

const classClasses: ReadonlySet<string> = new Set([core.class.Class, core.class.Mixin, core.class.Interface])

/** Whether the document declares a class, a mixin or an interface. */
export function isClass(doc: Doc): doc is Class {
  return classClasses.has(doc._class)
}

export function isAttribute(doc: Doc): doc is Attribute {
  return doc._class === core.class.Attribute
}

export function isEnum(doc: Doc): doc is Enum {
  return doc._class === core.class.Enum
}
