import type { TxCollectionCUD, TxCUD } from '../../model/transactions.ts'

/** Whether a transaction is about a document or a space of the id, itself or by the one inside it. */
export function isAbout(tx: TxCUD, id: string): boolean {
  const { tx: inner } = tx as Partial<TxCollectionCUD>
  return tx.objectId === id || tx.objectSpace === id || (inner !== undefined && isAbout(inner, id))
}
