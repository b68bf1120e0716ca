import type { Tx } from '../../model/transactions.ts'

/** A transaction and its inner ones, each of which has its own signature. */
export function signed(tx: Tx): Tx[] {
  if (tx._class === 'core:class:TxApplyIf') return [tx, ...tx.txes.flatMap(signed)]
  if (tx._class === 'core:class:TxCollectionCUD') return [tx, tx.tx]
  return [tx]
}

/** Changes a transaction of any class and keeps its class. */
type SignedChange = <T extends Tx>(tx: T) => T

/** Applies `change` to a transaction and its inner ones. */
export function mapSigned(tx: Tx, change: SignedChange): Tx {
  if (tx._class !== 'core:class:TxApplyIf') return mapInner(tx, change)
  return { ...change(tx), txes: tx.txes.map((inner) => mapInner(inner, change)) }
}

function mapInner<T extends Tx>(tx: T, change: SignedChange): T {
  const changed = change(tx)
  return tx._class === 'core:class:TxCollectionCUD' ? { ...changed, tx: change(tx.tx) } : changed
}
