import { innerChange } from '../../model/inner-change.ts'
import type { TxCUD } from '../../model/transactions.ts'

/** Whether the transaction, or its inner one, changes a document, or is in a space, of this id. */
export function refersTo(tx: TxCUD, id: string): boolean {
  if (tx.objectId === id || tx.objectSpace === id) return true
  const inner = innerChange(tx)
  return inner !== tx && refersTo(inner, id)
}
