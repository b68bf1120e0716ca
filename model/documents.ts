/** The document types of every workspace. Their classes are declared in `base-model.ts`. */

/**
 * The identifier of a document of type `T`. Generated ids are 24 hex digits; well-known ones are `plugin:kind:Name`.
 */
export type Ref<T extends Doc = Doc> = string & { readonly __ref: T }

/** Milliseconds since the Unix epoch. */
export type Timestamp = number

/** The name of a group of classes whose documents are stored together. */
export type Domain = string

/** The classes of transactions, as literals, so that `_class` discriminates the union {@link Tx}. */
export type TxClass =
  | 'core:class:TxCreateDoc'
  | 'core:class:TxUpdateDoc'
  | 'core:class:TxRemoveDoc'
  | 'core:class:TxMixin'
  | 'core:class:TxCollectionCUD'
  | 'core:class:TxApplyIf'
  | 'core:class:TxWorkspaceEvent'
  | 'core:class:TxModelUpgrade'

/** The identifier of a class. Identifiers of transaction classes are plain literals. */
export type ClassId = Ref<Class> | TxClass

export interface Obj {
  _class: ClassId
}

export interface Doc extends Obj {
  _id: Ref
  space: Ref<Space>
  modifiedBy: Ref<Account>
  modifiedOn: Timestamp
  createdBy?: Ref<Account>
  createdOn?: Timestamp
}

/** A stored document read as `T`. Its class may be unknown, so that its own fields are not validated. */
export type Unchecked<T extends Doc> = Doc & Partial<Omit<T, keyof Doc>>

/** A document in a collection of another one. It is removed with that one. */
export interface AttachedDoc extends Doc {
  attachedTo: Ref
  attachedToClass: ClassId
  collection: string
}

/** Values of {@link Class.kind}. */
export const ClassKind = { Class: 0, Interface: 1, Mixin: 2 } as const
export type ClassKind = (typeof ClassKind)[keyof typeof ClassKind]

export interface Class extends Doc {
  _id: Ref<Class>
  kind: ClassKind
  label: string
  extends?: Ref<Class>
  implements?: Ref<Class>[]
  /** Inherited from the nearest ancestor with a domain. */
  domain?: Domain
  /** `creator`: its documents, and those of its descendants, are visible to their creator only. */
  visibleTo?: 'creator'
  /** `distinct`: full-text search distinguishes accented letters, also in descendants. */
  accents?: 'distinct'
  /**
   * Its documents have only declared fields, an existing space, and an existing parent. The nearest ancestor with
   * this field decides if it is omitted. Without one, as old clients expect, nothing is checked.
   */
  strict?: boolean
  /** Indexes on several attributes. For one attribute see {@link Attribute.index}. */
  indexes?: CompoundIndex[]
  /** Also holds for documents of its descendants in the same domain. */
  unique?: UniqueKey[]
}

/**
 * No two documents have the same values of these attributes, as stored: strings are compared with their case. A
 * document without a value for one of them, or with `null`, collides with none.
 */
export interface UniqueKey {
  /** Names of attributes that are no arrays. */
  fields: string[]
  /** Only documents that meet this query count. */
  where?: Record<string, unknown>
}

/** Attribute names, which may be dotted paths, with their order. */
export type CompoundIndex = [path: string, order: 1 | -1][]

export interface Attribute extends Doc {
  /** The class that has the attribute. */
  attributeOf: Ref<Class>
  name: string
  type: Type
  label: string
  /** A creation without the attribute fails. */
  required?: boolean
  /** The value if a creation omits the attribute. */
  defaultValue?: unknown
  /** Storage has an index on the attribute. */
  index?: boolean
  /** Full-text search includes the attribute. */
  fullText?: boolean
}

/** The type of an attribute. `_class` is the kind of type. */
export interface Type extends Obj {
  label?: string
  /** RefTo: the class of the referenced document. */
  to?: Ref<Class>
  /** ArrOf: the type of an item. For a Collection, `itemClass` is the class of the items. */
  of?: Type | Ref<Enum>
  itemClass?: Ref<Class>
}

export interface Enum extends Doc {
  name: string
  enumValues: string[]
}

export interface Space extends Doc {
  _id: Ref<Space>
  name: string
  description: string
  private: boolean
  members: Ref<Account>[]
  /** The accounts that manage the space; its creator if there are none. */
  owners?: Ref<Account>[] | null
  archived: boolean
}

export const AccountRole = { Guest: 'GUEST', User: 'USER', Maintainer: 'MAINTAINER', Owner: 'OWNER' } as const
export type AccountRole = (typeof AccountRole)[keyof typeof AccountRole]

export interface Account extends Doc {
  _id: Ref<Account>
  email: string
  role: AccountRole
}

export interface UserStatus extends Doc {
  online: boolean
  user: Ref<Account>
}

export interface Version extends Doc {
  major: number
  minor: number
  patch: number
}

export interface Configuration extends Doc {
  enabled: boolean
}
