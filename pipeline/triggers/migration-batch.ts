import type { Doc } from '../../model/documents.ts'
import { messageOf } from '../../model/error-details.ts'
import type { DocumentMatch, TxCUD } from '../../model/transactions.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Position } from './migration-records.ts'

/** A migration fails at this document. */
export class BadDocument extends Error {
  readonly document: Pick<Doc, '_id' | '_class'>

  constructor({ _id, _class }: Doc, cause: unknown) {
    super(`${_class} ${_id}: ${messageOf(cause)}`, { cause })
    this.name = 'BadDocument'
    this.document = { _id, _class }
  }
}

/** People changed a document of the batch since it was read. */
export class ChangedMeanwhile extends Error {}

/** The transactions of a page, with the position that they lead to. */
export interface Batch {
  page: readonly Doc[]
  changes: TxCUD[]
  match: DocumentMatch[]
  next: Position
  /** It changes nothing but its own documents, so that the next page can be read before it is committed. */
  isPlain: boolean
}

/** A batch on its way to storage. */
export interface Flight {
  batch: Batch
  /** The failure, if it is one. */
  outcome: Promise<unknown>
}

/** Whether no transaction changes another document than these, by itself or by a trigger. */
export function changesOnly(
  page: readonly Doc[],
  changes: readonly TxCUD[],
  { model, modules }: Pick<Workspace, 'model' | 'modules'>,
): boolean {
  const own = new Set<string>(page.map(({ _id }) => _id))
  return changes.every(
    (tx) =>
      (tx._class === 'core:class:TxUpdateDoc' || tx._class === 'core:class:TxMixin') &&
      own.has(tx.objectId) &&
      modules.sync.matching(model.hierarchy, tx).length === 0,
  )
}
