import { innerChange } from '../../model/inner-change.ts'
import type { TxCUD } from '../../model/transactions.ts'

/** Whether a transaction is about a document or a space of the id, itself or by the one inside it. */
export function isAbout(tx: TxCUD, id: string): boolean {
  if (tx.objectId === id || tx.objectSpace === id) return true
  const inner = innerChange(tx)
  return inner !== tx && isAbout(inner, id)
}
