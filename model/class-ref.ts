import type * as documents from './documents.ts'
import type * as transactions from './transactions.ts'

/** The identifier of a class, with the type of its documents. */
export type ClassRef<T extends documents.Doc = documents.Doc> = documents.Ref<documents.Class> & {
  readonly __document: T
}

/** The identifier of an enum, with the type of its values. */
export type EnumRef<V extends string = string> = documents.Ref<documents.Enum> & { readonly __value: V }

/** The type of a class's documents. For a mixin, its fields are at the top level. */
export type DocumentOf<C> = C extends { readonly __document: infer T } ? T : never

/** The documents of the base classes. Those of other base classes are of type `Doc`. */
export interface BaseDocuments {
  AttachedDoc: documents.AttachedDoc
  Class: documents.Class
  Mixin: documents.Class
  Interface: documents.Class
  Attribute: documents.Attribute
  Enum: documents.Enum
  Space: documents.Space
  Account: documents.Account
  UserStatus: documents.UserStatus
  Version: documents.Version
  Configuration: documents.Configuration
  Tx: transactions.Tx
  TxCUD: transactions.TxCUD
  TxCreateDoc: transactions.TxCreateDoc
  TxUpdateDoc: transactions.TxUpdateDoc
  TxRemoveDoc: transactions.TxRemoveDoc
  TxMixin: transactions.TxMixin
  TxCollectionCUD: transactions.TxCollectionCUD
  TxApplyIf: transactions.TxApplyIf
  TxWorkspaceEvent: transactions.TxWorkspaceEvent
  TxModelUpgrade: transactions.TxModelUpgrade
}
