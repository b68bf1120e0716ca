import { core } from '../../model/identifiers.ts'
import type {
  Tx,
  TxCollectionCUD,
  TxCreateDoc,
  TxCUD,
  TxMixin,
  TxUpdateDoc,
  TxWorkspaceEvent,
} from '../../model/transactions.ts'

export function isChange(tx: Tx): tx is TxCUD {
  return 'objectId' in tx && 'objectClass' in tx
}

export function isCreation(tx: TxCUD): tx is TxCreateDoc {
  return tx._class === core.class.TxCreateDoc
}

export function isUpdate(tx: TxCUD): tx is TxUpdateDoc {
  return tx._class === core.class.TxUpdateDoc
}

export function isMixinChange(tx: TxCUD): tx is TxMixin {
  return tx._class === core.class.TxMixin
}

export function isCollectionChange(tx: TxCUD): tx is TxCollectionCUD {
  return tx._class === core.class.TxCollectionCUD
}

export function isWorkspaceEvent(tx: Tx): tx is TxWorkspaceEvent {
  return tx._class === core.class.TxWorkspaceEvent
}
