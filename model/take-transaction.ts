import { illFormedId } from './ill-formed-id.ts'
import { invalidTransaction } from './invalid-transaction.ts'
import { isFields, takeValue, ValueFlaw } from './json-value.ts'

/** Levels of a transaction around the values of a document: `txes`, an item, its `tx`, its `attributes`. */
export const ENVELOPE_DEPTH = 5

/**
 * Normalizes the values of a transaction, see {@link takeValue}. The transaction is not validated otherwise.
 * @throws StatusError `core:status:InvalidTransaction` that names the path of a value that JSON cannot represent, or
 *   of an ill-formed id
 */
export function takeTransaction<T>(tx: T): T {
  try {
    const taken = takeValue(tx, -ENVELOPE_DEPTH)
    // Lone surrogates were replaced, which an id must not contain.
    const field = taken !== tx && isFields(tx) ? illFormedId(tx) : undefined
    if (field === undefined) return taken
    throw new ValueFlaw('half of a surrogate pair in an id').within(field)
  } catch (error) {
    if (!(error instanceof ValueFlaw)) throw error
    throw invalidTransaction(error.message, error.path === '' ? {} : { field: error.path })
  }
}
