import { core } from '../../../model/identifiers.ts'
import type { Doc } from '../../../model/documents.ts'
import type { Tx, TxCUD, TxRemoveDoc, TxUpdateDoc, UpdateOperations } from '../../../model/transactions.ts'
import type { Workspace } from '../../workspace.ts'

/** A change the server makes because of another: signed and timed like its cause, hidden from the log's queries. */
function derivedFields(workspace: Workspace, cause: Tx, doc: Pick<Doc, '_id' | '_class' | 'space'>) {
  return {
    _id: workspace.generateId() as TxCUD['_id'],
    space: core.space.DerivedTx,
    objectId: doc._id,
    objectClass: doc._class,
    objectSpace: doc.space,
    modifiedBy: cause.modifiedBy,
    modifiedOn: cause.modifiedOn,
  }
}

export function derivedUpdate(
  workspace: Workspace,
  cause: Tx,
  doc: Pick<Doc, '_id' | '_class' | 'space'>,
  operations: UpdateOperations,
): TxUpdateDoc {
  return { ...derivedFields(workspace, cause, doc), _class: core.class.TxUpdateDoc, operations }
}

export function derivedRemove(workspace: Workspace, cause: Tx, doc: Doc): TxRemoveDoc {
  return { ...derivedFields(workspace, cause, doc), _class: core.class.TxRemoveDoc }
}
