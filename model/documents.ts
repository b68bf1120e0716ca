/** The document types every workspace knows. Their classes are declared in `base-model.ts`. */

/** An identifier of a document of type `T`. Generated ids are 24 hex digits, well-known ones `plugin:kind:Name`. */
export type Ref<T extends Doc = Doc> = string & { readonly __ref: T }

/** Milliseconds since the Unix epoch. */
export type Timestamp = number

/** The name of a group of classes whose documents are kept together. */
export type Domain = string

/** The classes of transactions. Literals, so that `_class` tells the members of the union {@link Tx} apart. */
export type TxClass =
  | 'core:class:TxCreateDoc'
  | 'core:class:TxUpdateDoc'
  | 'core:class:TxRemoveDoc'
  | 'core:class:TxMixin'
  | 'core:class:TxCollectionCUD'
  | 'core:class:TxApplyIf'
  | 'core:class:TxWorkspaceEvent'
  | 'core:class:TxModelUpgrade'

/** The identifier of a class. Those of transactions are plain literals. */
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

/** A stored document read as `T`: its class may be unknown, so that nothing has checked its own fields. */
export type Unchecked<T extends Doc> = Doc & Partial<Omit<T, keyof Doc>>

/** A document that belongs to a collection of another one, and is removed with it. */
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
  /** Inherited from the nearest ancestor that has one. */
  domain?: Domain
  /** `creator`: its documents, and those of its descendants, are for who created them. */
  visibleTo?: 'creator'
  /** `distinct`: full-text search tells letters with accents from those without, also in descendants. */
  accents?: 'distinct'
  /**
   * Its documents have declared fields only, and a space and a parent that are there; left out, as the nearest ancestor
   * says, and without one as clients of old expect: anything goes.
   */
  strict?: boolean
  /** Indexes over several attributes, declared next to the single-attribute ones of {@link Attribute.index}. */
  indexes?: CompoundIndex[]
}

/** Attribute names (dotted paths allowed) with their order. */
export type CompoundIndex = [path: string, order: 1 | -1][]

export interface Attribute extends Doc {
  /** The class that has the attribute. */
  attributeOf: Ref<Class>
  name: string
  type: Type
  label: string
  /** A create transaction without it is refused. */
  required?: boolean
  /** Filled in when a create transaction leaves it out. */
  defaultValue?: unknown
  /** Storage keeps an index on it. */
  index?: boolean
  /** Its text is found by full-text search. */
  fullText?: boolean
}

/** The type of an attribute. `_class` tells the kind. */
export interface Type extends Obj {
  label?: string
  /** RefTo: the class referred to. */
  to?: Ref<Class>
  /** ArrOf: the type of an item. Collection: the class of the items is in `itemClass`. */
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
  /** Who decides over it; its creator when there are none. */
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
