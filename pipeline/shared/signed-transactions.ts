import { core } from '../../model/identifiers.ts'
import type { Tx, TxApplyIf, TxCollectionCUD } from '../../model/transactions.ts'

/** A transaction and those inside it: each carries a signature of its own. */
export function signed(tx: Tx): Tx[] {
  if (tx._class === core.class.TxApplyIf) return [tx, ...(tx as TxApplyIf).txes.flatMap(signed)]
  if (tx._class === core.class.TxCollectionCUD) return [tx, (tx as TxCollectionCUD).tx]
  return [tx]
}

/** The transaction with `change` made to it and to those inside it. */
export function mapSigned(tx: Tx, change: (tx: Tx) => Tx): Tx {
  const changed = change(tx)
  if (tx._class === core.class.TxApplyIf) {
    const txes = (tx as TxApplyIf).txes.map((inner) => mapSigned(inner, change))
    return { ...changed, txes } as TxApplyIf
  }
  if (tx._class === core.class.TxCollectionCUD) {
    return { ...changed, tx: change((tx as TxCollectionCUD).tx) } as TxCollectionCUD
  }
  return changed
}
