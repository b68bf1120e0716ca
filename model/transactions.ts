import type { Account, AttachedDoc, Class, Doc, Ref, Space } from './documents.ts'
import type { DocumentQuery } from './query/query.ts'

/** A change, or an event, as it travels and as it is kept in the log. */
export interface Tx extends Doc {
  objectSpace: Ref<Space>
  /** What is said of the change itself; kept in the log, no part of the document. */
  meta?: TxMeta
}

export type TxMeta = Record<string, string | number | boolean>

/** A change of one document. */
export interface TxCUD extends Tx {
  objectId: Ref
  objectClass: Ref<Class>
}

export interface TxCreateDoc
  extends TxCUD, Partial<Pick<AttachedDoc, 'attachedTo' | 'attachedToClass' | 'collection'>> {
  attributes: Record<string, unknown>
}

export interface TxUpdateDoc extends TxCUD {
  operations: UpdateOperations
  /** Answer with the changed document. */
  retrieve?: boolean
}

export interface TxRemoveDoc extends TxCUD {
  /** Of a space: removes the documents in it too. A space that holds documents is not removed without. */
  cascade?: boolean
}

export interface TxMixin extends TxCUD {
  mixin: Ref<Class>
  /** Fields, and update operators, applied under the mixin's id. */
  attributes: UpdateOperations
}

/** A change of an attached document. `objectId`, `objectClass` and `objectSpace` are the parent's. */
export interface TxCollectionCUD extends TxCUD {
  collection: string
  tx: TxCreateDoc | TxUpdateDoc | TxRemoveDoc
}

export interface DocumentMatch {
  _class: Ref<Class>
  query: DocumentQuery
}

/** All of `txes` when every `match` finds a document and every `notMatch` none; else nothing. */
export interface TxApplyIf extends Tx {
  scope?: string
  match?: DocumentMatch[]
  notMatch?: DocumentMatch[]
  txes: TxCUD[]
  notify?: boolean
  extraNotify?: Ref<Class>[]
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

export interface TxWorkspaceEvent extends Tx {
  event: WorkspaceEvent
  params: unknown
}

/** Plain fields (dotted paths reach inside) beside any of the operators. */
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

/** What one transaction did to one document: the new document, or none when it was removed. */
export type DocumentChange = { before?: Doc | undefined; after?: Doc | undefined }

export type AnyAttached = AttachedDoc | (Doc & Partial<AttachedDoc>)
export type Modifier = { modifiedBy: Ref<Account>; modifiedOn: number }
