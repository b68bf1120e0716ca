import { illFormedId } from './ill-formed-id.ts'
import { invalidTransaction } from './invalid-transaction.ts'
import { isFields, takeValue, ValueFlaw } from './json-value.ts'

/** Levels of a transaction around the values of a document: `txes`, one of them, its `tx`, its `attributes`. */
export const ENVELOPE_DEPTH = 5

/**
 * A transaction with its values as they are taken in everywhere, see {@link takeValue}; whatever else it is.
 *
 * @throws StatusError `core:status:InvalidTransaction` that names the place of what is no value, and ids that are not well-formed
 */
export function takeTransaction<T>(tx: T): T {
  try {
    const taken = takeValue(tx, -ENVELOPE_DEPTH)
    // It is another one where it was not well-formed.
    const field = taken !== tx && isFields(tx) ? illFormedId(tx) : undefined
    if (field === undefined) return taken
    throw new ValueFlaw('half of a surrogate pair in an id').within(field)
  } catch (error) {
    if (!(error instanceof ValueFlaw)) throw error
    throw invalidTransaction(error.message, error.path === '' ? {} : { field: error.path })
  }
}
