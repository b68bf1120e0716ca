import { deepCopy, deepFreeze } from '../../model/copies.ts'
import { takeTransaction } from '../../model/take-transaction.ts'

/**
 * What happens to the values that code of a module gets. `freeze`: they are frozen, so that a change is a TypeError at
 * once. `copy`: each run has copies of its own. Both keep the documents, caches and log of the pipeline out of reach.
 */
export type ModuleChecks = 'freeze' | 'copy'

/** Returns the value as a module gets it. */
export type Give = <T>(value: T) => T

/** The documents and transactions of the pipeline are replaced and never changed in place, so they may be frozen. */
export function giveBy(checks: ModuleChecks): Give {
  return checks === 'freeze' ? deepFreeze : deepCopy
}

/**
 * Takes over a transaction that a module made: later changes of it by the module do not matter.
 * @throws StatusError InvalidTransaction as {@link takeTransaction}
 */
export function takeOver<T>(tx: T): T {
  return deepCopy(takeTransaction(tx))
}
