import { targetOf } from '../../model/apply-transaction.ts'
import type { Domain } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { core, domains } from '../../model/identifiers.ts'
import type { Tx, TxApplyIf, TxCollectionCUD, TxCUD } from '../../model/transactions.ts'
import type { Prefetch } from '../storage/contract.ts'

/** The ids and documents a group of transactions is sure to ask for, so that one read brings them. */
export function prefetchOf(hierarchy: Hierarchy, txes: readonly Tx[]): Prefetch {
  const requests: string[] = []
  const documents = new Map<Domain, Set<string>>()
  const add = (_class: TxCUD['objectClass'], id: string): void => {
    const domain = hierarchy.findClass(_class) === undefined ? undefined : hierarchy.domainOf(_class)
    if (domain === undefined || domain === domains.model || domain === domains.transient) return
    const ids = documents.get(domain)
    if (ids === undefined) documents.set(domain, new Set([id]))
    else ids.add(id)
  }
  for (const tx of txes.flatMap(unfold)) {
    requests.push(tx._id)
    if (!('objectClass' in tx)) continue
    const change = tx as TxCUD
    add(change.objectClass, change.objectId)
    if (isCollection(change)) add(targetOf(change)._class, targetOf(change)._id)
  }
  return { requests, documents: [...documents].map(([domain, ids]) => ({ domain, ids: [...ids] })) }
}

function unfold(tx: Tx): Tx[] {
  return tx._class === core.class.TxApplyIf ? [tx, ...(tx as TxApplyIf).txes] : [tx]
}

function isCollection(tx: Tx): tx is TxCollectionCUD {
  return tx._class === core.class.TxCollectionCUD
}
