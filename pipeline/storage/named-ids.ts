/** A transaction, as far as it names documents. */
export interface NamingTransaction {
  objectId?: unknown
  tx?: NamingTransaction
  txes?: NamingTransaction[]
}

/** The ids of the documents that a transaction of the log may have changed. */
export function namedIds(tx: NamingTransaction): string[] {
  const own = typeof tx.objectId === 'string' ? [tx.objectId] : []
  return [...own, ...[tx.tx ?? [], tx.txes ?? []].flat().flatMap(namedIds)]
}
