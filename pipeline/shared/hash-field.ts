import type { Doc } from '../../model/documents.ts'
import { invalidTransaction } from '../../model/invalid-transaction.ts'
import { fieldsOf } from '../../model/json-value.ts'
import type { TxCUD } from '../../model/transactions.ts'

/** Where tools of the family put the hash that a document had: kept, it would change the hash that the document has. */
const HASH_FIELD = '%hash%'

export function withoutHash(doc: Doc): Doc {
  if (!Object.hasOwn(doc, HASH_FIELD)) return doc
  const { [HASH_FIELD]: _, ...kept }: Doc & { [HASH_FIELD]?: unknown } = doc
  return kept
}

/**
 * A field that no restore gives back cannot be written, in a document or in an entry of the log. What is there from before
 * stays until it is removed.
 * @throws StatusError InvalidTransaction
 */
export function refuseHashField(
  tx: TxCUD,
  { before, after }: Record<'before' | 'after', Doc | undefined>,
): void {
  const isWritten =
    after !== undefined && Object.hasOwn(after, HASH_FIELD) && valueIn(after) !== valueIn(before)
  if (isWritten || Object.hasOwn(tx, HASH_FIELD))
    throw invalidTransaction('the field belongs to backup tools', { field: HASH_FIELD })
}

function valueIn(doc: Doc | undefined): unknown {
  return doc === undefined ? undefined : fieldsOf(doc)[HASH_FIELD]
}
