import { targetOf } from '../../model/apply-transaction.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { innerChange } from '../../model/inner-change.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { moduleState } from '../modules/module-state.ts'
import type { TriggerIndex } from '../modules/trigger-index.ts'
import type { SyncTrigger } from '../modules/trigger.ts'

/** The documents that transactions change. */
export interface Touched {
  ids: Set<string>
  domains: Set<string>
  /** Other documents too, which only the commit finds: cascades, synchronous triggers. */
  others: boolean
}

/** The documents that the transactions may change, before they are committed. */
export function touchedBy(
  txes: readonly TxCUD[],
  hierarchy: Hierarchy,
  sync: TriggerIndex<SyncTrigger>,
): Touched {
  const touched: Touched = { ids: new Set(), domains: new Set(), others: false }
  for (const tx of txes) {
    const target = targetOf(tx)
    // Of an attached document, the counter of its parent changes too.
    touched.ids.add(target._id).add(tx.objectId)
    for (const _class of [target._class, tx.objectClass]) {
      const domain = hierarchy.findClass(_class) === undefined ? undefined : hierarchy.domainOf(_class)
      if (domain !== undefined) touched.domains.add(domain)
    }
    // Nothing is attached to the state of modules, and it starts no triggers.
    if (hierarchy.isDerived(target._class, moduleState.class.State)) continue
    if (innerChange(tx)._class === 'core:class:TxRemoveDoc' || sync.matching(hierarchy, tx).length > 0)
      touched.others = true
  }
  return touched
}

export interface Reading {
  _class: string
  query: DocumentQuery
  options?: FindOptions | undefined
}

/** Whether the query may find one of these documents. */
export function mayFind(
  { _class, query, options }: Reading,
  touched: Touched,
  hierarchy: Hierarchy,
): boolean {
  const isJoined = options?.lookup !== undefined || Object.keys(query).some((key) => key.startsWith('$'))
  if (touched.others || isJoined) return touched.ids.size > 0
  const { _id }: { _id?: unknown } = query
  if (typeof _id === 'string') return touched.ids.has(_id)
  const domain = hierarchy.findClass(_class) === undefined ? undefined : hierarchy.domainOf(_class)
  return domain !== undefined && touched.domains.has(domain)
}
