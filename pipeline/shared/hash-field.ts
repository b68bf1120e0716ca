import type { Doc } from '../../model/documents.ts'
import { invalidTransaction } from '../../model/invalid-transaction.ts'
import { fieldsOf } from '../../model/json-value.ts'
import type { TxCUD } from '../../model/transactions.ts'

/**
 * Field in which existing backup tools store the hash of a document. Stored with the document, it would change the
 * hash.
 */
const HASH_FIELD = '%hash%'

export function withoutHash(doc: Doc): Doc {
  if (!Object.hasOwn(doc, HASH_FIELD)) return doc
  const { [HASH_FIELD]: _, ...kept }: Doc & { [HASH_FIELD]?: unknown } = doc
  return kept
}

/**
 * Rejects the field in documents and log entries, because a restore drops it. An existing value stays until it is
 * removed.
 * @throws StatusError InvalidTransaction
 */
export function refuseHashField(
  tx: TxCUD,
  { before, after }: Record<'before' | 'after', Doc | undefined>,
): void {
  const isWritten =
    after !== undefined && Object.hasOwn(after, HASH_FIELD) && valueIn(after) !== valueIn(before)
  if (isWritten || Object.hasOwn(tx, HASH_FIELD))
    throw invalidTransaction('the field is reserved for backup tools', { field: HASH_FIELD })
}

function valueIn(doc: Doc | undefined): unknown {
  return doc === undefined ? undefined : fieldsOf(doc)[HASH_FIELD]
}
