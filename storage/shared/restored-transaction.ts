import type { Doc } from '../../model/documents.ts'
import type { TxCUD } from '../../model/transactions.ts'

/** A document that a restore puts into the log. It is not validated: code that reads the log handles foreign values. */
export function restoredTransaction(doc: Doc): TxCUD {
  return doc as TxCUD
}
