import { isFields } from '../../model/json-value.ts'
import { core } from '../../model/identifiers.ts'
import { touchedFields } from '../../model/touched-fields.ts'

/** The parts of a transaction that name documents and their fields. */
export interface NamingTransaction {
  _class?: unknown
  objectId?: unknown
  operations?: unknown
  tx?: NamingTransaction
  txes?: NamingTransaction[]
}

/**
 * The ids of the documents that a logged transaction may have changed. With `fields`, documents in which none of
 * these changed are omitted.
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
