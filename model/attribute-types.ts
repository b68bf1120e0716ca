import type { EnumRef } from './class-ref.ts'
import type { Class, Doc, Ref, Type } from './documents.ts'
import { core } from './identifiers.ts'

/** Options of a declared attribute. */
export interface AttributeOptions<T = unknown> {
  label?: string
  /** A creation without the attribute fails, and its value must not be null. */
  required?: boolean
  /** The value if a creation omits the attribute. */
  default?: T
  /** Storage has an index on the attribute. */
  index?: boolean
  /** Full-text search includes the attribute. */
  fullText?: boolean
}

/**
 * An attribute in the declaration of a class. `T` is the type of its value. `Present` is true if it is never absent.
 */
export interface AttributeDeclaration<T = unknown, Present extends boolean = boolean> {
  type: Type
  options: AttributeOptions<T>
  /** For the compiler only. */
  readonly __present?: Present
}

type IsPresent<O> = O extends { required: true } ? true : O extends { default: unknown } ? true : false

type Declare<T> = <const O extends AttributeOptions<T> = Record<never, never>>(
  options?: O,
) => AttributeDeclaration<T, IsPresent<O>>

export const string: Declare<string> = declarer(core.class.TypeString)
export const markup: Declare<string> = declarer(core.class.TypeMarkup)
export const rank: Declare<string> = declarer(core.class.TypeRank)
export const number: Declare<number> = declarer(core.class.TypeNumber)
export const boolean: Declare<boolean> = declarer(core.class.TypeBoolean)
export const timestamp: Declare<number> = declarer(core.class.TypeTimestamp)
export const date: Declare<number> = declarer(core.class.TypeDate)

/** Any JSON value. */
export function any<T = unknown>(options: AttributeOptions<T> = {}): AttributeDeclaration<T, false> {
  return { type: { _class: core.class.TypeAny }, options }
}

/** The id of a document of the class. */
export function refTo<T extends Doc, const O extends AttributeOptions<Ref<T>> = Record<never, never>>(
  to: Ref<Class> & { readonly __document?: T },
  options?: O,
): AttributeDeclaration<Ref<T>, IsPresent<O>> {
  return { type: { _class: core.class.RefTo, to }, options: options ?? {} }
}

export function arrayOf<T, const O extends AttributeOptions<T[]> = Record<never, never>>(
  of: AttributeDeclaration<T>,
  options?: O,
): AttributeDeclaration<T[], IsPresent<O>> {
  return { type: { _class: core.class.ArrOf, of: of.type }, options: options ?? {} }
}

/** One of the values of an enum. */
export function enumOf<V extends string, const O extends AttributeOptions<V> = Record<never, never>>(
  of: EnumRef<V>,
  options?: O,
): AttributeDeclaration<V, IsPresent<O>> {
  return { type: { _class: core.class.EnumOf, of }, options: options ?? {} }
}

/** The number of attached documents, which the server counts. */
export function collection(
  itemClass: Ref<Class>,
  options: AttributeOptions<number> = {},
): AttributeDeclaration<number, false> {
  return { type: { _class: core.class.Collection, itemClass }, options }
}

function declarer<T>(_class: Ref<Class>): Declare<T> {
  return (options) => ({ type: { _class }, options: options ?? {} })
}
