import { isFields } from '../../model/json-value.ts'
import { core } from '../../model/identifiers.ts'
import { touchedFields } from '../../model/touched-fields.ts'

/** A transaction, as far as it names documents and their fields. */
export interface NamingTransaction {
  _class?: unknown
  objectId?: unknown
  operations?: unknown
  tx?: NamingTransaction
  txes?: NamingTransaction[]
}

/**
 * The ids of the documents that a transaction of the log may have changed. With `fields`: without those in which
 * it changed none of these.
 */
export function namedIds(tx: NamingTransaction, fields?: ReadonlySet<string>): string[] {
  const { objectId } = tx
  const isNamed = fields === undefined || mayChange(tx, fields)
  const own = typeof objectId === 'string' && isNamed ? [objectId] : []
  const inner = [tx.tx ?? [], tx.txes ?? []].flat()
  return [...own, ...inner.flatMap((each) => namedIds(each, fields))]
}

function mayChange({ _class, operations }: NamingTransaction, fields: ReadonlySet<string>): boolean {
  if (_class !== core.class.TxUpdateDoc || !isFields(operations)) return true
  return [...touchedFields(operations)].some((field) => fields.has(field))
}
