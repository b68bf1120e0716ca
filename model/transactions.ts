import type { Account, AttachedDoc, Class, ClassId, Doc, Ref, Space, TxClass } from './documents.ts'
import type { DocumentQuery } from './query/query.ts'

/** The fields of every transaction. */
interface TxFields<C extends TxClass> extends Doc {
  _class: C
  objectSpace: Ref<Space>
  /** Annotations of the transaction itself, kept in the log and not in the document. */
  meta?: TxMeta
}

export type TxMeta = Record<string, string | number | boolean>

/** The fields of every change of a document. */
interface ChangeFields<C extends TxClass> extends TxFields<C> {
  objectId: Ref
  objectClass: ClassId
}

export interface TxCreateDoc
  extends
    ChangeFields<'core:class:TxCreateDoc'>,
    Partial<Pick<AttachedDoc, 'attachedTo' | 'attachedToClass' | 'collection'>> {
  attributes: Record<string, unknown>
}

export interface TxUpdateDoc extends ChangeFields<'core:class:TxUpdateDoc'> {
  operations: UpdateOperations
  /** The response contains the changed document. */
  retrieve?: boolean
}

export interface TxRemoveDoc extends ChangeFields<'core:class:TxRemoveDoc'> {
  /** Of a space: also removes the documents in it. Without it, the removal of a space that holds documents fails. */
  cascade?: boolean
}

export interface TxMixin extends ChangeFields<'core:class:TxMixin'> {
  mixin: Ref<Class>
  /** Fields and update operators, applied under the mixin's id. */
  attributes: UpdateOperations
}

/** A change of an attached document. `objectId`, `objectClass` and `objectSpace` are the parent's. */
export interface TxCollectionCUD extends ChangeFields<'core:class:TxCollectionCUD'> {
  collection: string
  tx: TxDirectChange
}

/** A change that names its document directly. */
export type TxDirectChange = TxCreateDoc | TxUpdateDoc | TxRemoveDoc | TxMixin

/** A change of one document. */
export type TxCUD = TxDirectChange | TxCollectionCUD

/**
 * A transaction as sent. The log contains changes only. A restored log may contain other values, so that code that
 * reads the log handles unknown classes.
 */
export type Tx = TxCUD | TxApplyIf | TxWorkspaceEvent | TxModelUpgrade

export interface DocumentMatch {
  _class: ClassId
  query: DocumentQuery
}

/** Commits all of `txes` if every `match` finds a document and no `notMatch` does; otherwise nothing. */
export interface TxApplyIf extends TxFields<'core:class:TxApplyIf'> {
  scope?: string
  match?: DocumentMatch[]
  notMatch?: DocumentMatch[]
  txes: TxCUD[]
  notify?: boolean
  extraNotify?: ClassId[]
}

export const WorkspaceEvent = {
  UpgradeScheduled: 0,
  Upgrade: 1,
  IndexingUpdate: 2,
  SecurityChange: 3,
  MaintenanceNotification: 4,
  BulkUpdate: 5,
} as const
export type WorkspaceEvent = (typeof WorkspaceEvent)[keyof typeof WorkspaceEvent]

export interface TxWorkspaceEvent extends TxFields<'core:class:TxWorkspaceEvent'> {
  event: WorkspaceEvent
  params: unknown
}

/** Announces that the server replaced the model. */
export interface TxModelUpgrade extends TxFields<'core:class:TxModelUpgrade'> {}

/** Plain fields, which may be dotted paths, and operators. */
export interface UpdateOperations {
  [field: string]: unknown
  $push?: Record<string, unknown>
  $pull?: Record<string, unknown>
  $inc?: Record<string, number>
  $unset?: Record<string, unknown>
  $move?: Record<string, { $value: unknown; $position: number }>
  $update?: Record<string, { $query: Record<string, unknown>; $update: Record<string, unknown> }>
  $pushMixin?: { $mixin: Ref<Class>; values: Record<string, unknown> }
}

/** The effect of one transaction on one document. `after` is undefined when the document was removed. */
export type DocumentChange = { before?: Doc | undefined; after?: Doc | undefined }

export type AnyAttached = AttachedDoc | (Doc & Partial<AttachedDoc>)
export type Modifier = { modifiedBy: Ref<Account>; modifiedOn: number }
