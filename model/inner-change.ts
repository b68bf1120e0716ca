import type { Doc } from './documents.ts'
import { core } from './identifiers.ts'
import { isFields } from './json-value.ts'
import type { TxCUD } from './transactions.ts'

const changeClasses: ReadonlySet<string> = new Set([
  core.class.TxCreateDoc,
  core.class.TxUpdateDoc,
  core.class.TxRemoveDoc,
  core.class.TxMixin,
  core.class.TxCollectionCUD,
])

/** Whether the transaction changes a document. Handles unknown classes, which a restored log may contain. */
export function isChange(tx: Doc): tx is TxCUD {
  return changeClasses.has(tx._class)
}

/**
 * The change of the document itself: the inner transaction of a collection transaction. A restored log may contain
 * collection transactions without an inner one, which are returned unchanged.
 */
export function innerChange(tx: TxCUD): TxCUD {
  return tx._class === 'core:class:TxCollectionCUD' && isFields(tx.tx) ? tx.tx : tx
}
